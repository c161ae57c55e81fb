// SPDX-License-Identifier: Apache-2.0
// A thin layer over net/channel: control messages have one size and at most one descriptor.
#include "main/control.h"

#include "base/clock.h"
#include "net/channel.h"

#include <poll.h>
#include <unistd.h>

static const struct channel_kind kind = {sizeof(struct ipc_control), IPC_CONTROL_VERSION};

struct ipc_control control_make(enum ipc_control_type type)
{
	return (struct ipc_control){.version = IPC_CONTROL_VERSION, .type = (uint16_t)type, .peer = PEER_NONE};
}

result control_pair(int fd[2])
{
	return channel_pair(fd);
}

result control_send(int fd, const struct ipc_control *m, int pass_fd)
{
	result r = channel_put(fd, m, sizeof(*m), &pass_fd, pass_fd >= 0 ? 1 : 0);
	return r.error == E_AGAIN ? FAIL(E_FULL) : r;
}

result control_receive(int fd, struct ipc_control *m, size_t *len, int *passed)
{
	int fds[CHANNEL_FDS_MAX];
	uint32_t count = 0;
	*passed = -1;
	*len = 0; // of a message that is none: request_check() refuses it
	result r = channel_get(fd, &kind, m, fds, &count);
	if (r.error == E_SYNTAX) {
		*m = (struct ipc_control){0}; // no type: nobody may act on what was there before
		return OK;
	}
	if (!is_ok(r))
		return r;
	*len = sizeof(*m);
	for (uint32_t i = 0; i < count; i++) {
		if (i == 0)
			*passed = fds[0];
		else
			close(fds[i]);
	}
	return OK;
}

bool control_wait(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, timeout_ms) > 0;
}

result control_await(int fd, uint64_t until_us, struct ipc_control *m, size_t *len)
{
	uint64_t now;
	while ((now = clock_now().mono_us) < until_us) {
		int passed;
		if (!control_wait(fd, (int)((until_us - now) / MS) + 1))
			continue;
		result r = control_receive(fd, m, len, &passed);
		if (r.error == E_AGAIN)
			continue;
		if (passed >= 0)
			close(passed);
		return r;
	}
	return FAIL(E_TIMEOUT);
}
