/*
 * What the files of oci/spec share with each other: the field tables' entry points, one for each
 * area of the document, and the checks that more than one area needs. Private to oci/spec.
 */
#ifndef HULL_OCI_SPEC_PARTS_H
#define HULL_OCI_SPEC_PARTS_H

#include "oci/spec/field.h"

/* A row without a member of its own: .read gets the whole struct. */
#define FIELD_WHOLE(key, reader)                                                                             \
	{                                                                                                    \
		.name = (key), .type = FIELD_READ, .read = (reader)                                          \
	}

extern const struct field_object process_object;    /* struct spec_process */
extern const struct field_object mount_object;      /* struct spec_mount */
extern const struct field_object hooks_object;      /* struct spec_hooks */
extern const struct field_object linux_object;      /* struct spec_linux */
extern const struct field_object resources_object;  /* struct spec_resources */
extern const struct field_object id_mapping_object; /* struct spec_id_mapping */

/* Members that need nothing but their own check: see linux_other.c. */
must_check int linux_read_net_devices(struct field_reader *reader, const struct json *value, void *linux_spec,
				      struct error *err);
must_check int linux_read_intel_rdt(struct field_reader *reader, const struct json *value, void *linux_spec,
				    struct error *err);
must_check int linux_read_memory_policy(struct field_reader *reader, const struct json *value,
					void *linux_spec, struct error *err);
/* Check the keys of linux.sysctl against @namespaces and bring them into path form. */
must_check int linux_check_sysctl(struct field_reader *reader, const struct json *value,
				  const struct spec_namespaces *namespaces, struct spec_kvs *sysctl,
				  struct error *err);

/* seccomp.c. @place is a const struct spec_seccomp *; it stays NULL where the object asks for nothing. */
must_check int seccomp_read(struct field_reader *reader, const struct json *value, void *place,
			    struct error *err);

/* The maps of one user namespace or mount: number of lines, ranges, overlaps. @value is the array. */
must_check int mounts_check_id_mappings(const struct json *value, const struct spec_id_mappings *mappings,
					struct error *err);
/* (uid_t)-1 means "unchanged" to the kernel and is never an id. @value is the number. */
must_check int process_check_id(const struct json *value, uint32_t id, struct error *err);
/* Requirements between limits that hold for a whole document but not for an update of some of them. */
must_check int resources_check_whole(const struct json *value, const struct spec_resources *resources,
				     struct error *err);

/* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19. */
#define SECCOMP_WAIT_KILLABLE 32

/* Names with their values, as the features document lists them. */
extern const struct field_name seccomp_action_names[], seccomp_op_names[], seccomp_flag_names[];
extern const char *const seccomp_arch_names[]; /* ended by NULL */

#endif
