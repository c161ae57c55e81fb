// SPDX-License-Identifier: Apache-2.0
// One TCP connection to a name server (RFC 7766), each step by a deadline. For a command of the administrator: no loop.
#ifndef PUBLISH_LINK_H
#define PUBLISH_LINK_H

#include "base/address.h"
#include "publish/fault.h"

enum { PUBLISH_MESSAGE_MAX = 65535 }; // [octets] RFC1035#4.2.2

struct publish_link {
	int fd;
	uint64_t deadline_us; // monotonic; for everything on this connection
	uint8_t message[PUBLISH_MESSAGE_MAX];
};

// Connect to SERVER and end everything after TIMEOUT_MS. Each function fills in WHY when it fails.
MUST_USE result publish_link_open(struct publish_link *l, const struct address *server, uint32_t timeout_ms,
	struct publish_fault *why);
MUST_USE result publish_link_send(struct publish_link *l, struct bytes message, struct publish_fault *why);
// The next message; *OUT lies in the link until the next call.
MUST_USE result publish_link_receive(struct publish_link *l, struct bytes *out, struct publish_fault *why);
void publish_link_close(struct publish_link *l);

#endif
