// SPDX-License-Identifier: Apache-2.0
// What the signaller process holds; private to src/main/signaller*.c.
//
// The main thread runs the control loop: monitor, administrators, records. Each worker runs its own loop with its own
// flow. They meet through mailboxes; nothing on a worker waits.
#ifndef MAIN_SIGNALLER_H
#define MAIN_SIGNALLER_H

#include "flow/flow.h"
#include "guard/records.h"
#include "main/ldr_client.h"
#include "main/ended.h"
#include "main/process.h"
#include "net/net.h"
#include "net/sign_client.h"
#include "terms/ipc_admin.h"

enum {
	DIALS_MAX = 1024,           // connections asked for and not yet answered, of one worker
	TRACE_KEY_MAX = 256,
	COUNTING_MAX = 16,          // questions for counters at once
	FORWARDED_MAX = 16 * 1024 * 1024, // [octets] waiting for one worker: 0.1 s of a full 1 Gbit/s
	RANDOM_BUFFER = 1024,       // [octets] taken from the system at once: 30 calls
	STOP_LINGER_MS = 400,       // for BYEs to leave and records to reach admin, before the process ends
	RECORDS_BATCH = 32,         // ended calls that one worker hands over together
	RECORDS_WAIT_US = 50 * 1000, // or that wait so long for company: a wake-up costs more than a record [us]
};

struct kept_call { // head of a slot in the calls memfd; then the call's image, then its media's
	uint32_t worker, call_length, media_length;
	struct pool_ref ref;
};

struct signaller;

struct dialled { // a connection that the monitor was asked for
	uint32_t request;
	struct conn_ref conn;
};

struct worker {
	struct signaller *home;
	struct net_worker *net;
	struct loop *loop;
	struct flow *flow;
	struct sf_token_keys *keys;
	const struct registry *registry; // that the flow uses now
	uint8_t index;
	uint32_t random_left;    // [octets] at the end of `random`
	uint8_t random[RANDOM_BUFFER];
	uint8_t *kind;           // by call slot: of its kept record
	int media;               // channel to the Media Function
	struct event *media_event;
	int lookup; // channel to the directory
	struct event *lookup_event;
	uint32_t dial_next;
	struct dialled dial[DIALS_MAX];
	_Atomic uint64_t forwarded; // [octets] on their way here from other workers
	_Atomic uint64_t media_full; // messages to media that did not fit the channel
	struct record_pending *record_chain, **record_end; // ended calls to be handed over together
	uint32_t records_waiting;
	uint64_t records_due_us; // NO_DEADLINE: none waits
	struct ipc_admin *out;   // scratch for rows and traced messages
	uint32_t traced_serial;  // of the filter whose call was seen here
	char traced_id[2][TRACE_KEY_MAX]; // Call-IDs of its legs: they outlive the call, whose end has messages too
};

struct trace_filter { // immutable; swapped whole, freed after a grace period
	uint32_t serial;
	peer_id peer;            // PEER_NONE: any
	char call_id[TRACE_KEY_MAX]; // "": any
};

struct record_pending { // of one place in `ended`, with the same index
	struct mail mail;
	struct record_pending *next;
	uint32_t number;
	bool sent;
};

struct outgoing { // one packet to admin
	struct mail mail;
	struct outgoing *next;
	uint32_t size;
	uint8_t octets[];
};

struct outgoing_chain {
	struct outgoing *first, *last;
};

struct outbox { // of the control loop
	struct outgoing_chain chain;
	size_t octets;
	struct event *writable;
};

struct counting { // of the control loop: questions for counters that wait for media's
	uint32_t round, left; // answers of media's workers that have not come
	uint32_t count, request[COUNTING_MAX];
	struct event *deadline;
	struct media_counters media[NET_WORKERS_MAX];
};

struct signaller {
	struct process_start *start;
	struct net *net;
	struct holder *holder;
	struct net_counters counters; // of the control loop
	struct loop loop;
	struct worker worker[NET_WORKERS_MAX];
	uint32_t workers;
	struct peer_load *load;
	struct records *records[CALL_RECORD_KINDS];
	struct sign_client sign[NET_HANDSHAKERS_MAX];
	struct keyless_signer keyless[NET_HANDSHAKERS_MAX];
	struct net_counters sign_counters[NET_HANDSHAKERS_MAX];
	int control, admin;
	struct outbox outbox;
	struct counting counting;
	uint32_t restoring; // which kind of kept calls is read back
	struct ended_ref *recorded; // while they are: which calls have ended (records_restore)
	uint32_t recorded_count;
	struct event *linger; // armed by STOP
	const struct snapshot *snapshot; // of the control loop
	size_t snapshot_size;
	struct registry *registry;
	struct ldr_client ldr; // what the registry's database says
	_Atomic(struct trace_filter *) trace;
	uint32_t trace_serial;
	// records of ended calls, in order
	struct ended ended;
	struct record_pending *pending; // ENDED_MAX of them
	struct record_pending *record_first, *record_last;
	_Atomic uint32_t record_count;
	_Atomic bool records_full;   // admin says so
	_Atomic uint64_t records_lost;
	bool stop;
};

// signaller_worker.c
MUST_USE result worker_init(struct worker *w, struct signaller *s, uint8_t index);
// Each entry into a worker's code begins with it: the flow follows the snapshot in force.
void worker_enter(struct worker *w);
void worker_dialled(struct worker *w, uint32_t request, int fd);
// Tell all workers: new calls are refused (ON), and what is alive is hung up (END).
void worker_drain(struct signaller *s, bool on, bool end);

// signaller_port.c
struct flow_port worker_port(struct worker *w);

// signaller_ldr.c
// A registry over SNAPSHOT and, unless NULL, LDR. E_NO_MEMORY, E_DUPLICATE.
MUST_USE result registry_make(const struct snapshot *snapshot, const struct ldr *ldr, struct registry **out);
MUST_USE result ldr_watch(struct signaller *s); // on the control loop: sets and changes that the directory sends

// signaller_lookup.c
result port_lookup(void *ctx, uint32_t request, const struct query *q, uint32_t deadline_ms); // of flow_port
MUST_USE result worker_watch_lookup(struct worker *w);

// signaller_records.c
// On a worker: take call into the batch; hand the batch over when it is full or old enough.
void records_add(struct worker *w, const struct call_ended *call);
void records_hand_over(struct worker *w);
// On a worker: what is known of CALL before its figures have come; what it returns is CALL->place later. 0: no room.
uint32_t records_begin(struct worker *w, const struct call_ended *call);
// At the start: map what the last signaller left, and queue it. S->recorded is the caller's then, memory_free().
MUST_USE result records_restore(struct signaller *s);
void record_acknowledged(struct signaller *s, uint32_t number);
void records_send(struct signaller *s);                      // what was not sent yet
void fill_call_row(const struct worker *w, const struct sf_call_info *info, uint64_t now_us, struct ipc_admin_call *out);
void fill_mark_row(const struct trail *t, uint8_t i, struct ipc_admin_mark *out); // of mark I

// signaller_keys.c
// On the control loop: let all workers seal tokens with KEY, number INDEX.
void token_key_spread(struct signaller *s, uint8_t index, const uint8_t key[SF_TOKEN_KEY_LEN]);

// signaller_counters.c
MUST_USE result counters_init(struct signaller *s);
void counters_asked(struct signaller *s, uint32_t request);      // on the control loop: rows and END follow
void counters_of_media(struct worker *w, const struct ipc_media *m); // on a worker: totals of one of media's workers
void admin_end(struct signaller *s, uint32_t request, enum error error);

// signaller_admin.c
void admin_receive(struct signaller *s);

// signaller_outbox.c
MUST_USE result outbox_init(struct signaller *s);
void outbox_wait(struct signaller *s); // until admin reads again: then rows and records go on
void admin_send(struct signaller *s, const struct ipc_admin *m, size_t size);           // on the control loop
bool outgoing_add(struct outgoing_chain *c, const struct ipc_admin *m, size_t size);    // any thread
bool outgoing_post(struct worker *w, struct outgoing_chain *c);                         // on a worker: hand it over

#endif
