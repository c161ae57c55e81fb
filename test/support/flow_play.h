// SPDX-License-Identifier: Apache-2.0
// Plays a list of octets as events against a whole worker: calls, answers, changes, forgeries, rubbish, waiting, faults of
// network and media. For the fuzz target, the property test and the out-of-memory sweep.
//
// Held against it after every message that leaves: it parses again, it goes to a provisioned peer's address or back on
// the stream it answers, it names nothing of the other side; and a stranger on UDP never gets an octet. In the end, an hour later,
// no call, no media session and no count of a concurrent call is left.
#ifndef SUPPORT_FLOW_PLAY_H
#define SUPPORT_FLOW_PLAY_H

#include "flow_rig.h"

enum play_neighbour { PLAY_CORE, PLAY_FAR_TLS, PLAY_FAR_UDP, PLAY_STRANGER_UDP, PLAY_STRANGER_TLS, PLAY_NEIGHBOURS };
enum { PLAY_SENT = 24, PLAY_TEXT = 4096 };

struct play_sent {
	uint8_t to; // index of the neighbour
	char text[PLAY_TEXT];
};

struct play {
	struct flow_rig rig;
	struct now now;
	const uint8_t *data;
	size_t size;
	uint32_t sent_count; // all; the last PLAY_SENT are kept
	struct play_sent sent[PLAY_SENT];
	uint32_t serial, waited;
	const struct origin *origin; // of the message being handled
	size_t in_octets, out_octets;
	bool in_bad; // that message does not parse
	bool broken;               // sending fails
	uint8_t twist, twist_value; // bend the next message
	uint8_t as;                // 0: its own sender; else neighbour AS - 1 sends the next message
	const char *fault;         // the first rule that did not hold; NULL: all held
	char fault_text[PLAY_TEXT];
};

// Open the world. False: out of memory.
bool play_open(struct play *p);
// Play SIZE octets of DATA.
void play_run(struct play *p, const uint8_t *data, size_t size);
// One message of neighbour FROM; the time that goes by.
void play_deliver(struct play *p, uint8_t from, const char *text, size_t len);
void play_wait(struct play *p, uint64_t us);
// Let an hour go by; everything must end.
void play_end(struct play *p);
void play_close(struct play *p);
// Begin anew in the same world: nothing is under way, no octet was sent. Much cheaper than opening it. False: out of memory.
bool play_renew(struct play *p);

#endif
