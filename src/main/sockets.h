// SPDX-License-Identifier: Apache-2.0
// The sockets that the monitor opens and keeps duplicates of: a child that restarts finds them as they were.
#ifndef MAIN_SOCKETS_H
#define MAIN_SOCKETS_H

#include "registry/snapshot.h"

struct sip_descriptor {
	listener_id listener;
	uint8_t transport; // enum transport
	uint16_t worker;
	int fd;
	struct address source; // as sockets_source
};

struct media_descriptor {
	listener_id listener;
	uint16_t port;
	int fd;
};

struct sockets {
	uint32_t sip_count, media_count;
	struct sip_descriptor *sip;
	struct media_descriptor *media;
	int admin; // listening Unix socket of the administrators
	int metrics; // listening TCP socket, -1: none
	uint32_t portal_count;
	int portal[PORTAL_ADDRESSES_MAX]; // listening TCP sockets
};

// Open everything that S asks for, for WORKERS workers. On failure the reason with its mend is in WHY. E_CONFIG, E_SYSTEM.
MUST_USE result sockets_open(const struct snapshot *s, uint16_t workers, struct sockets **out, char *why, size_t why_room);
// The address of ours that L's messages of FAMILY to TRANSPORT leave from: the bound one, or, where that is all of them, the
// advertised one if this host has it. Else an unspecified one: the kernel chooses. Family 0: L has no such socket.
struct address sockets_source(const struct listener *l, uint8_t transport, uint8_t family);
void sockets_close(struct sockets *s);

#endif
