/*
 * File descriptors: close-on-exec from birth, empty is -1. Whole reads and writes, memfds, and
 * descriptors sent through sockets.
 */
#ifndef HULL_BASE_FD_H
#define HULL_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct text;

/* A close-on-exec duplicate of @fd with a number of at least @lowest. Errors: any of fcntl(2). */
must_check int fd_dup(int fd, int lowest, int *ret_fd, struct error *err);
/* Mark every descriptor from @first on close-on-exec. */
must_check int fd_cloexec_from(unsigned first, struct error *err);
/*
 * How many descriptors from 3 on, without a gap, this process was started with; 0 until
 * fd_count_inherited was called, which must come before anything is opened.
 */
unsigned fd_inherited(void);
void fd_count_inherited(void);
/* All of @fd to its end, at most @max_bytes. @name is for the message. Errors: -EFBIG. */
must_check int fd_read_all(int fd, size_t max_bytes, const char *name, struct text *ret, struct error *err);
/* All @length bytes, resuming after signals and short writes. */
must_check int fd_write_all(int fd, const void *bytes, size_t length, const char *name, struct error *err);
/*
 * Open @path below the directory @dir, read at most @max_bytes of it. Kernel files (proc, cgroup)
 * and files that hull owns only: the path is opened with openat(2), O_NOFOLLOW on its last part.
 * Errors: those of open, -EFBIG.
 */
must_check int fd_read_file_at(int dir, const char *path, size_t max_bytes, struct text *ret,
			       struct error *err);
/* One write(2) of @text to the existing kernel file @path below @dir. Errors: those of open, write. */
must_check int fd_write_file_at(int dir, const char *path, const char *text, struct error *err);
/*
 * A memfd of @name holding @bytes, sealed against every change when @seal. @executable: it may be
 * executed (kernels before 6.3 and their flags are handled). Errors: -EACCES where
 * vm.memfd_noexec forbids it.
 */
must_check int fd_memfd(const char *name, const void *bytes, size_t length, int executable, int seal,
			int *ret_fd, struct error *err);
/* One message with @length bytes and the descriptors @fds over a unix socket; no SIGPIPE. */
must_check int fd_send(int socket, const void *bytes, size_t length, const int *fds, size_t count,
		       struct error *err);
/*
 * Receive one message of at most @room bytes and at most @max_fds descriptors (close-on-exec).
 * @ret_fds gets -1 in unused places. Returns the bytes received, 0 at end of file, or an error;
 * a truncated message or too many descriptors is -EPROTO and everything received is closed.
 */
must_check ssize_t fd_receive(int socket, void *bytes, size_t room, int *ret_fds, size_t max_fds,
			      struct error *err);
/*
 * The same without descriptors. @ret_sender: the sender's pid as this process sees it, by the kernel's
 * word and nobody else's, where fd_ask_for_sender was called before the message was sent; else 0.
 */
must_check ssize_t fd_receive_from(int socket, void *bytes, size_t room, pid_t *ret_sender,
				   struct error *err);
must_check int fd_ask_for_sender(int socket, struct error *err);

#endif
