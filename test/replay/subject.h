// SPDX-License-Identifier: Apache-2.0
// What a scenario is played against: something with octets and `now` in, octets and the next deadline out.
//
// A subject has no sockets and no clock. The runner gives it a host to send to and to tell events to; a
// scenario names its subject in its first line. To add one, write its table and name it in `subjects` of
// replay.c.
#ifndef TEST_REPLAY_SUBJECT_H
#define TEST_REPLAY_SUBJECT_H

#include "base/clock.h"
#include "base/result.h"
#include "base/span.h"
#include "terms/transport.h"

struct replay_peer { // a line PEER
	const char *name;
	peer_id id;
	zone_id zone;
	listener_id listener;
	enum transport transport;
	struct address address;
	struct conn_ref conn; // streams
};

struct replay_host { // what the runner does for the subject
	void *ctx;
	// A message leaves. An error where the scenario says UNREACHABLE.
	result (*send)(void *ctx, const struct hop *to, struct bytes octets);
	// Something that EXPECT EVENT reads: one line of text.
	void (*event)(void *ctx, const char *text);
	// Define $NAME for the scenario.
	void (*let)(void *ctx, const char *name, struct bytes value);
	const struct replay_peer *(*peer)(void *ctx, const char *name); // NULL: no such PEER
};

struct replay_subject {
	const char *name;
	// CONFIG is the block of the scenario's CONFIG, or empty. NULL: it was refused (the reason is an
	// event).
	void *(*open)(const struct replay_host *host, struct bytes config, const struct now *now);
	void (*close)(void *s);
	// PEER is the identity that SEND says; a subject that identifies senders itself pays no attention.
	void (*receive)(
		void *s, const struct origin *o, peer_id peer, struct bytes octets, const struct now *now);
	void (*run)(void *s, const struct now *now);
	uint64_t (*deadline)(void *s); // [us] NO_DEADLINE: nothing is armed
	// DO, MEDIA, CLOSE: COMMAND is the line, OCTETS the block behind it or empty. False: not understood.
	bool (*act)(void *s, const char *command, struct bytes octets, const struct now *now);
	const char *(*state)(void *s); // for STATE
	// The number of the peer of that name, for certificates (NULL: that of the line PEER).
	peer_id (*identify)(void *s, const char *name);
};

extern const struct replay_subject replay_transaction, replay_flow;

#endif
