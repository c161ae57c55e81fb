// SPDX-License-Identifier: Apache-2.0
// What the admin process holds; private to src/admin.
#ifndef ADMIN_INSIDE_H
#define ADMIN_INSIDE_H

#include "admin/admin.h"
#include "admin/ask.h"
#include "admin/cdr.h"
#include "admin/journal.h"
#include "admin/recent.h"

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

enum {
	API_BODY_MAX = IPC_ADMIN_OCTETS_MAX,  // [octets] a message for dry-run; nothing else has a body
	API_HEAD_MAX = 8 * 1024,              // [octets] start line and header fields
	API_TIMEOUT_S = 30,                   // an idle or slow connection is closed
	API_ANSWERS_MAX = 16,                 // requests under way
	API_ROWS_MAX = 10000,                 // calls in one listing; the rest is told as a count
	API_TEXT_MAX = 512,                   // [octets] a decoded parameter
	PACKETS_PER_TURN = 64,                // of one channel, so that no channel starves the other events
	ACCEPT_PAUSE_MS = 100,                // without descriptors: asking again at once would only spin
};

struct trace;   // trace.c
struct metrics; // metrics.c

struct admin {
	struct admin_config config;
	const struct snapshot *snapshot;
	struct ask ask;
	struct evhttp *http;
	struct metrics *metrics;
	struct cdr *cdr;
	struct journal journal;
	struct trace *trace;
	struct recent recent;
	struct event *signaller, *directory, *tick;
	struct event *doors;             // opens the two listeners again after a pause
	struct evconnlistener *door;     // of the API; it belongs to `http`
	struct ipc_admin *packet; // scratch: the message that came, or the question that goes
	uint32_t answers;         // requests under way
	bool syncing;             // records are ignored until the signaller begins again with the oldest
	bool full;                // what the signaller was told last
	uint64_t ack_owed_us, state_owed_us; // when to try again what the channel did not take; NO_DEADLINE
	uint32_t ack_owed;
	bool numbered;            // a record was taken, so that the next two are known
	uint32_t record_taken, record_acked; // numbers: up to these taken, and on disk
	char *written;            // after the start: the last records of the file, to know again what comes once more; NULL
	bool draining;
	uint64_t refused_requests, accept_errors, records_unreadable, records_again;
};

// admin.c
struct now admin_now(const struct admin *a);
void admin_rearm(struct admin *a); // after anything that may move a deadline

enum api_role { API_VIEWER, API_OPERATOR };

// One API request on its way to its answer.
struct answer {
	struct admin *admin;
	struct evhttp_request *req;
	const char *query;        // of the request; NULL
	uid_t uid;                // who asks
	enum api_role role;       // what he may
	json_t *root;             // what will be answered
	json_t *rows;             // within root: where rows go
	peer_id located;          // the first hop's peer, where DNS located him; else PEER_NONE
	uint32_t left_off;        // rows beyond API_ROWS_MAX
	const char *action;       // for the journal; NULL: nothing to journal
	char target[API_TEXT_MAX];
};

struct route {
	enum evhttp_cmd_type method;
	const char *path;         // '*' stands for one segment, decoded and handed to the handler
	enum api_role role;
	void (*handler)(struct answer *a, const char *arg);
};

extern const struct route api_routes[];
extern const uint32_t api_route_count;

// answer.c: each of the four ends the answer; A is gone afterwards.
void answer_send(struct answer *a);
void answer_error(struct answer *a, int status, const char *what, const char *where, const char *mend);
void answer_failed(struct answer *a, enum error error, const char *where, const char *text);
void answer_none(struct answer *a); // the request went elsewhere (trace)
// A parameter of the query. False: the answer has ended with 400.
bool answer_param(struct answer *a, const char *key, char out[API_TEXT_MAX]);
bool answer_flag(struct answer *a, const char *key, uint8_t *out); // 0 or 1
bool answer_peer(struct answer *a, const char *key, peer_id *out);
peer_id admin_peer_by_name(const struct admin *a, const char *name);

// api.c
MUST_USE result api_open(struct admin *a);
// L could not accept: it pauses, the connection stays in the backlog.
void api_pause(struct admin *a, struct evconnlistener *l);
void api_close(struct admin *a);

// status.c: processes, counters and peers in one JSON object; what did not answer is named in "missing".
enum { STATUS_PROCESSES = 1, STATUS_COUNTERS = 2, STATUS_PEERS = 4, STATUS_ALL = 7 };
typedef void (*status_h)(void *ctx, json_t *status); // STATUS belongs to the handler; NULL: out of memory
void status_gather(struct admin *a, unsigned parts, status_h done, void *ctx);

// metrics.c
MUST_USE result metrics_open(struct admin *a);
void metrics_close(struct admin *a);
void metrics_resume(struct admin *a);

// trace.c
// Of PEER, or, when that is PEER_NONE, of the messages that hold CALL_ID.
void trace_begin(struct answer *a, peer_id peer, const char *call_id, uint32_t seconds, uint32_t octets, bool to_file);
void trace_packet(struct admin *a, const struct ipc_admin *m, size_t n);
void trace_run(struct admin *a, uint64_t now_us);
uint64_t trace_deadline(const struct admin *a);
void trace_end(struct admin *a, const char *why);

#endif
