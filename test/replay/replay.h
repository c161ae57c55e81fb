// SPDX-License-Identifier: Apache-2.0
// The state of one run: peers, what was sent and said, definitions; and the host that the subject sees of it.
#ifndef TEST_REPLAY_REPLAY_H
#define TEST_REPLAY_REPLAY_H

#include "scene.h"
#include "subject.h"

enum {
	PEERS_MAX = 16,
	LISTENERS_MAX = 16,
	QUEUE_MAX = 64,
	DEFINES_MAX = 64,
	NEVERS_MAX = 64,
	BLOCK_MAX = 49152,
	FILE_MAX = 262144,
	INCLUDE_DEPTH = 4,
	EVENT_MAX = 128,
};

struct packet {
	struct hop to;
	size_t len;
	char octets[SCENE_MESSAGE_MAX];
};

struct block {
	char name[SCENE_NAME_MAX];
	char text[BLOCK_MAX];
};

struct reader { // one file
	const char *path;
	uint32_t line_no, depth;
	struct bytes rest;
};

struct replay {
	const struct replay_subject *subject;
	void *s; // NULL: not open yet
	struct replay_host host;
	struct now now;
	struct scene_vars vars;
	struct replay_peer peer[PEERS_MAX];
	char peer_name[PEERS_MAX][SCENE_NAME_MAX];
	bool unreachable[PEERS_MAX];
	uint32_t peers;
	struct address local[LISTENERS_MAX]; // by LISTEN
	struct packet packet[QUEUE_MAX];
	uint32_t packets;
	char event[QUEUE_MAX][EVENT_MAX];
	uint32_t events;
	struct block define[DEFINES_MAX];
	uint32_t defines;
	struct {
		const struct replay_peer *peer;
		char text[SCENE_NAME_MAX];
	} never[NEVERS_MAX]; // by NEVER
	uint32_t nevers;
	struct block config, block;
	struct reader *reader; // for messages
};

// Print where the scenario stands, why it failed and what was not expected; end the process.
_Noreturn void die(const struct replay *r, const char *format, ...) PRINTF_LIKE(2, 3);
struct replay_host replay_host_of(struct replay *r);
// The peer with that name; NULL (none named) and unknown names end the run.
const struct replay_peer *peer_named(struct replay *r, const char *name);
// Is TO the way to P?
bool goes_to(const struct hop *to, const struct replay_peer *p);

#endif
