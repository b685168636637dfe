/* The cgroup that the containers' cgroups are in. */
#ifndef HULL_SHIM_STORE_PARENT_CGROUP_H
#define HULL_SHIM_STORE_PARENT_CGROUP_H

#define PARENT_CGROUP "/hull-container"

/* Remove it from every hierarchy where nothing is in it. hull makes it again where it needs it. */
void parent_cgroup_remove(void);

#endif
