// SPDX-License-Identifier: Apache-2.0
// Control messages with their descriptor over the socket between the monitor and one child.
#ifndef MAIN_CONTROL_H
#define MAIN_CONTROL_H

#include "base/result.h"
#include "terms/ipc_control.h"

#include <stddef.h>

// A message of TYPE with everything else zero.
struct ipc_control control_make(enum ipc_control_type type);
// Send M and, if PASS_FD >= 0, that descriptor. Never blocks: E_FULL when the child does not read. E_CLOSED.
MUST_USE result control_send(int fd, const struct ipc_control *m, int pass_fd);
// Receive one message; *LEN octets came; *PASSED is a descriptor or -1. E_AGAIN when there is none, E_CLOSED at the end.
MUST_USE result control_receive(int fd, struct ipc_control *m, size_t *len, int *passed);
// A pair of sequenced-packet sockets, non-blocking, closed on exec. E_SYSTEM.
MUST_USE result control_pair(int fd[2]);
// Wait for up to TIMEOUT_MS until FD can be read. False: nothing came.
bool control_wait(int fd, int timeout_ms);
// Wait until UNTIL_US for one message, as control_receive; a descriptor beside it is closed. E_TIMEOUT, E_CLOSED.
MUST_USE result control_await(int fd, uint64_t until_us, struct ipc_control *m, size_t *len);

#endif
