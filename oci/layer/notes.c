/* Open hash tables; see notes.h. */
#include "oci/layer/notes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define FIRST_ROOM 1024

void notes_release(struct notes *notes)
{
	for (size_t i = 0; i < notes->directory_room; i++)
		free(notes->directories[i].acl);
	free(notes->directories);
	free(notes->names);
	*notes = (struct notes){ 0 };
}

static uint64_t mix(uint64_t value)
{
	value ^= value >> 32;
	value *= UINT64_C(0x9e3779b97f4a7c15);
	return value ^ value >> 29;
}

/* Its place, or the free one where it would be. */
static size_t place_of(const struct notes_directory *table, size_t room, uint64_t inode)
{
	size_t at = mix(inode) & (room - 1);

	while (table[at].inode != 0 && table[at].inode != inode)
		at = (at + 1) & (room - 1);
	return at;
}

struct notes_directory *notes_find(const struct notes *notes, uint64_t inode)
{
	if (notes->directory_room == 0)
		return NULL;
	struct notes_directory *note =
		&notes->directories[place_of(notes->directories, notes->directory_room, inode)];
	return note->inode == inode ? note : NULL;
}

static bool grow_directories(struct notes *notes)
{
	size_t room = notes->directory_room == 0 ? FIRST_ROOM : notes->directory_room * 2;
	struct notes_directory *table = calloc(room, sizeof(*table));

	if (table == NULL)
		return false;
	for (size_t i = 0; i < notes->directory_room; i++) {
		if (notes->directories[i].inode != 0)
			table[place_of(table, room, notes->directories[i].inode)] = notes->directories[i];
	}
	free(notes->directories);
	notes->directories = table;
	notes->directory_room = room;
	return true;
}

struct notes_directory *notes_make(struct notes *notes, uint64_t inode)
{
	if (notes->directory_count * 2 >= notes->directory_room && !grow_directories(notes))
		return NULL;
	struct notes_directory *note =
		&notes->directories[place_of(notes->directories, notes->directory_room, inode)];
	if (note->inode == 0) {
		note->inode = inode;
		notes->directory_count++;
	}
	return note;
}

static uint64_t name_hash(uint64_t inode, const char *name)
{
	uint64_t hash = mix(inode + 1);

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	hash = mix(hash);
	return hash == 0 ? 1 : hash;
}

static size_t name_place(const uint64_t *table, size_t room, uint64_t hash)
{
	size_t at = hash & (room - 1);

	while (table[at] != 0 && table[at] != hash)
		at = (at + 1) & (room - 1);
	return at;
}

int notes_add_name(struct notes *notes, uint64_t inode, const char *name, struct error *err)
{
	uint64_t hash = name_hash(inode, name);

	if (notes->name_count * 2 >= notes->name_room) {
		size_t room = notes->name_room == 0 ? FIRST_ROOM : notes->name_room * 2;
		uint64_t *table = calloc(room, sizeof(*table));

		if (table == NULL)
			return error_set(err, ENOMEM, "unpack");
		for (size_t i = 0; i < notes->name_room; i++) {
			if (notes->names[i] != 0)
				table[name_place(table, room, notes->names[i])] = notes->names[i];
		}
		free(notes->names);
		notes->names = table;
		notes->name_room = room;
	}
	uint64_t *place = &notes->names[name_place(notes->names, notes->name_room, hash)];
	notes->name_count += *place == 0;
	*place = hash;
	return 0;
}

bool notes_has_name(const struct notes *notes, uint64_t inode, const char *name)
{
	uint64_t hash = name_hash(inode, name);

	return notes->name_room > 0 && notes->names[name_place(notes->names, notes->name_room, hash)] == hash;
}
