/*
 * The container side of the conversation (runtime/plan/sync.h).
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

static const char *const step_names[SYNC_STEP_COUNT] = {
	[SYNC_JOINED] = "JOINED",         [SYNC_GO] = "GO",           [SYNC_MOUNTS_READY] = "MOUNTS_READY",
	[SYNC_HOOKS_DONE] = "HOOKS_DONE", [SYNC_CREATED] = "CREATED", [SYNC_START] = "START",
	[SYNC_EXECUTING] = "EXECUTING",   [SYNC_FAILED] = "FAILED",
};

#define MSG_NOSIGNAL_FLAG 0x4000

/*
 * write(2) would raise SIGPIPE where hull is gone; but it is what no filter of the program's forbids,
 * and after FAILED comes nothing but the end anyway.
 */
static void write_bytes(int peer, const void *bytes, size_t size)
{
	while (sys_write(peer, bytes, size) == -EINTR)
		continue;
}

static void send_bytes(int peer, const void *bytes, size_t size)
{
	long sent;

	do {
		sent = sys_call6(__NR_sendto, peer, SYS_PTR(bytes), (long)size, MSG_NOSIGNAL_FLAG, 0, 0);
	} while (sent == -EINTR);
}

void sync_send(struct init *init, enum sync_step step, int value)
{
	struct sync_message message;

	message.step = (uint32_t)step;
	message.value = value;
	send_bytes(init->peer, &message, SYNC_SHORT_SIZE);
}

void sync_send_failed(int peer, const struct error *err)
{
	struct sync_message message;

	message.step = SYNC_FAILED;
	message.value = 0;
	__builtin_memcpy(&message.error, err, sizeof(*err));
	write_bytes(peer, &message, sizeof(message));
}

int sync_expect(struct init *init, enum sync_step step, struct error *err)
{
	struct sync_message message;
	long got;

	do {
		got = sys_read(init->peer, &message, sizeof(message));
	} while (got == -EINTR);
	if (got < 0)
		return error_set(err, (int)-got, "wait for %s", step_names[step]);
	if (got == 0)
		return error_set(err, EPIPE, "wait for %s", step_names[step]);
	if ((size_t)got < SYNC_SHORT_SIZE || message.step != (uint32_t)step)
		return error_set(err, EPROTO, "wait for %s: step %u came", step_names[step], message.step);
	return 0;
}
