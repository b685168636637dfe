/* hull's side of the conversation; see sync.h. */
#include "runtime/container/sync.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

#include "base/banned.h"

int sync_open(int *ret_ours, int *ret_theirs, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "socketpair");
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

int sync_send(int socket, enum sync_step step, struct error *err)
{
	struct sync_message message = { .step = step };
	int result = fd_send(socket, &message, SYNC_SHORT_SIZE, NULL, 0, err);

	return result == -EPIPE || result == -ECONNRESET ? 0 : result;
}

/* The text of a peer that may be hostile: bounded, terminated, printable. */
static void take_error(const struct sync_message *message, size_t size, struct error *err)
{
	size_t room =
		size > sizeof(*message) - ERROR_TEXT_SIZE ? size - (sizeof(*message) - ERROR_TEXT_SIZE) : 0;
	size_t length = strnlen(message->error.text, room < ERROR_TEXT_SIZE ? room : ERROR_TEXT_SIZE - 1);

	error_clear(err);
	for (size_t i = 0; i < length; i++) {
		char c = message->error.text[i];

		err->text[i] = (unsigned char)c < ' ' || c == 0x7f ? '?' : c;
	}
	err->text[length] = '\0';
	err->length = (int32_t)length;
	err->number = message->error.number > 0 && message->error.number < 4096 ? message->error.number : 0;
}

/* 1: a message came; 0: the end; or an error. */
static int receive(int socket, struct sync_message *message, size_t *ret_size, struct error *err)
{
	pid_t sender;
	ssize_t got = fd_receive_from(socket, message, sizeof(*message), &sender, err);

	/* It died with words of ours unread. That is told once; its own last words come after it. */
	if (got == -ECONNRESET)
		got = fd_receive_from(socket, message, sizeof(*message), &sender, err);
	if (got == -ECONNRESET || got == 0)
		return 0;
	if (got < 0)
		return (int)got;
	if ((size_t)got < SYNC_SHORT_SIZE)
		return error_set(err, EPROTO, "hull-init sent %zd bytes", got);
	if (sender > 0)
		message->value = sender;
	*ret_size = (size_t)got;
	return 1;
}

int sync_expect(int socket, enum sync_step step, int32_t *ret_value, struct error *err)
{
	struct sync_message message = { 0 };
	size_t size = 0;
	int result = receive(socket, &message, &size, err);

	if (result < 0)
		return result;
	if (result == 0)
		return error_set(err, 0, "the container's first process died"), -EPIPE;
	if (message.step == SYNC_FAILED) {
		take_error(&message, size, err);
		return err->number != 0 ? -err->number : -EINVAL;
	}
	if (message.step != step)
		return error_set(err, EPROTO, "hull-init sent step %u instead of %u", message.step, step);
	if (ret_value != NULL)
		*ret_value = message.value;
	return 0;
}

int sync_expect_exec(int socket, struct error *err)
{
	struct sync_message message = { 0 };
	size_t size = 0;
	int result = receive(socket, &message, &size, err);

	if (result <= 0)
		return result; /* the end: only exec closes it now */
	if (message.step != SYNC_FAILED)
		return error_set(err, EPROTO, "hull-init sent step %u instead of executing", message.step);
	take_error(&message, size, err);
	return err->number != 0 ? -err->number : -EINVAL;
}
