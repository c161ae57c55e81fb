// SPDX-License-Identifier: Apache-2.0
// What the monitor holds; private to src/main/monitor*.c. It parses nothing from strangers and never maps
// the memfds, the private key or a packet.
#ifndef MAIN_MONITOR_STATE_H
#define MAIN_MONITOR_STATE_H

#include "main/files.h"
#include "main/names.h"
#include "main/process.h"

#include <sys/types.h>
#include <time.h>

enum {
	RESTART_BACKOFF_MIN_MS = 50,      // a crash must cost calls nothing that they notice
	RESTART_BACKOFF_MAX_MS = 10000,   // a child that cannot live must not burn the machine
	RESTART_CALM_MS = 60000,          // up that long: the back-off begins anew
	CHILD_READY_MS = 10000,           // to be sandboxed and ready, at the start and after a restart
	STOP_MS = 3000,                   // to end after STOP, then killed
	RESOLVE_ALL_MS = 6000,            // all names, at the start; what is not there by then comes later
	RESOLVE_RELOAD_MS = 500,          // all new names of a reload; nothing else but calls is served meanwhile
	SIGNER_READY_MS = 3000,           // a new signer: two small files and a sandbox
	SIGNER_SWAP_MS = 1000,            // for the signaller to take the new certificate before the key changes
	SIGNER_STOP_MS = 500,             // for the old signer to finish what it signs
	ACKNOWLEDGE_MS = 5000,            // for all children to take a reload; within what admin waits
	ACKNOWLEDGE_BLOCK_MS = 2000,      // likewise of a block: admin waits for 3 s
	PUBLISH_AGAIN_MS = 1000,          // a snapshot that a child did not take is sent again
	PENDING_MAX = 8,                  // answers that wait for children; admin has one operator
	WHY_MAX = 512,                    // [octets] why something was refused, for people
	DEMANDS_MAX = 64,                 // domains asked for on demand, and those refused lately; more are refused at once
	DEMAND_UNDER_WAY_MAX = 8,         // of these, questions at one time: with NAMES_UNDER_WAY_MAX less than RESOLVER_LOCATE_MAX, so that
					  // names that were never heard of keep no known peer's from being refreshed (LRF-A1)
	DEMAND_WAITING_MAX = 8,           // who waits for one of them: the directory asks once for each look-up
	DEMAND_LOCATE_MS = 12000,         // the resolver takes 10 s at the most
	DEMAND_REFUSED_MS = 30000,        // so long a domain that cannot be one is refused without asking the DNS again (LRF-A1)
	DEMAND_TAKEN_MS = 5000,           // for all processes to have the new peer
};

struct child {
	pid_t pid;          // 0: not running
	int control;        // our end; -1
	bool ready;
	uint32_t restarts;
	uint64_t started_us;
	uint64_t restart_at_us; // when to start again; 0: not waiting
	uint32_t backoff_ms;
	uint32_t given;         // generation that it was started with
	uint32_t generation;    // that it has said to use; 0: none yet
	uint64_t publish_at_us; // when the snapshot is sent again, unless it is taken before
	uint64_t tally[IPC_TALLY_COUNT];
};

struct pending { // an answer that waits until all children use a snapshot
	bool used;
	unsigned role;          // who asked; ROLE_MONITOR: a signal
	uint32_t request, worker, generation;
	uint64_t until_us;
};

struct key_stamp { // which key file a signer has read, without reading it
	char path[FILES_PATH_MAX];
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct swap { // of the signer, at a reload with another key or certificate
	struct child next;      // ready, and waiting for BEGIN; pid 0: none
	struct key_stamp stamp;
	uint64_t begun_us, stopped_us; // 0: not yet
};

enum demand_state { DEMAND_NONE, DEMAND_ASKED, DEMAND_LOCATED, DEMAND_PUBLISHED, DEMAND_REFUSED };

struct demand { // a domain that is to become a peer (RFC6405: on demand)
	uint8_t state; // enum demand_state
	uint8_t waiting; // answers to give
	uint32_t request; // ASKED: the question to the resolver
	uint32_t generation; // PUBLISHED: of the snapshot that has it
	uint64_t until_us; // ASKED, PUBLISHED: given up; REFUSED: it may be asked again
	peer_id of;        // the first place of the peer on demand
	struct {
		unsigned role;
		uint32_t request;
	} who[DEMAND_WAITING_MAX];
	struct locate_want want;
	struct names_found found;
	char domain[DOMAIN_MAX];
	char story[IPC_CONTROL_STORY_MAX];
};

struct load { // of the configuration, while it is under way
	uint64_t until_us;  // for all its names
	uint32_t request;   // the question that it waits for; 0: none, or answered
	const struct locate_want *want; // what was asked for
};

struct monitor {
	const char *config_path;
	const char *user;
	struct conf_result conf; // in force; its snapshot is our own copy
	uint32_t dns_since; // generation that changed the section `dns` last
	int snapshot_fd, calls_fd[CALL_RECORD_KINDS], ended_fd, sessions_fd;
	uint16_t workers, handshake_threads;
	struct sockets *sockets;
	struct channels channels;
	struct child child[ROLE_COUNT];
	struct pending pending[PENDING_MAX];
	struct key_stamp key_stamp; // of the signer in service
	struct swap swap;
	struct sf_token_key token_key[SF_TOKEN_KEYS_MAX];
	uint8_t token_current;
	uint64_t token_rotated_us;
	uint8_t secret[16];
	int signal_fd;
	struct names *names;
	struct demand demand[DEMANDS_MAX];
	struct load load;
	char why[WHY_MAX]; // the last refusal
	bool stopping, draining;
};

// Is there such a child? The portal is there when it is configured, the others always.
static inline bool monitor_has(const struct monitor *m, unsigned role)
{
	return role != ROLE_PORTAL || m->conf.snapshot->settings.portal.address_count > 0;
}

// monitor_conf.c
// Read and resolve into NEXT, which is the caller's; messages go to stderr, those of a good configuration when there is a resolver:
// before that, names stay unresolved. PREVIOUS: in force, NULL at the start.
MUST_USE result monitor_load(struct monitor *m, const struct snapshot *previous, struct conf_result *next);
// Block PEER or take that back, in a new snapshot. Errors of monitor_edit().
MUST_USE result monitor_block(struct monitor *m, peer_id peer, bool block);
void monitor_resolved(struct monitor *m, const struct ipc_control *a); // an answer of the resolver
struct ipc_control monitor_question(const struct locate_want *want, uint32_t request); // RESOLVE
struct names_found monitor_found(const struct ipc_control *a); // what it found
void monitor_set_targets(struct snapshot *s, void *m);          // of all names, by what is known of them now (monitor_edit)
void monitor_story(const struct monitor *m, peer_id peer, char *out, size_t room); // how the names of PEER were located, lines
void monitor_names_learn(struct monitor *m);                           // another configuration is in force
void monitor_names_first(struct monitor *m);                           // at the start: ask for all, and wait for a while
void monitor_names_run(struct monitor *m, uint64_t now_us);            // ask for the name that is due; use what has changed
uint64_t monitor_names_deadline(const struct monitor *m);              // [us] of its next run, as of those below

// monitor_demand.c
void monitor_demand(struct monitor *m, unsigned role, const struct ipc_control *q); // ROLE asks for a domain on demand
bool monitor_demand_located(struct monitor *m, const struct ipc_control *a); // an answer of the resolver; false: to another question
void monitor_demand_run(struct monitor *m, uint64_t now_us);                 // take in those that are located, answer, forget
uint64_t monitor_demand_deadline(const struct monitor *m);

// monitor_publish.c
// A sealed memfd of S. E_SYSTEM.
MUST_USE result monitor_seal(const struct snapshot *s, size_t size, int *fd);
// From here on NEXT (taken over) with its memfd FD (taken over) is in force, and all children are told.
void monitor_put_in_force(struct monitor *m, struct conf_result *next, int fd);
// CHANGE a copy of the snapshot in force; seal and put it in force. Nothing changes on error.
MUST_USE result monitor_edit(struct monitor *m, void (*change)(struct snapshot *s, void *ctx), void *ctx);
// ROLE says in Q that it uses the snapshot that it was given, or why not.
void monitor_taken(struct monitor *m, unsigned role, const struct ipc_control *q);
void monitor_child_ready(struct monitor *m, unsigned role); // it may have been started with an older snapshot
bool monitor_all_have(const struct monitor *m, uint32_t generation);    // do all children use that snapshot, or a later one?
// Answer Q of ROLE when all children use the snapshot in force, at the latest after WAIT_MS.
void monitor_answer_later(struct monitor *m, unsigned role, const struct ipc_control *q, uint32_t wait_ms);
void monitor_publish_run(struct monitor *m, uint64_t now_us); // tell again who did not take it; give the answers that are due
uint64_t monitor_publish_deadline(const struct monitor *m);

// monitor_signer.c
// If NEXT, sealed as FD, has another key or certificate: start a signer for it and wait until it is ready.
// E_CONFIG, E_TIMEOUT, E_SYSTEM: it is not, m->why tells, and the signer in service goes on.
MUST_USE result monitor_signer_prepare(struct monitor *m, const struct conf_result *next, int fd);
void monitor_signer_cancel(struct monitor *m);   // end the one in waiting, if there is one
void monitor_signer_stamp(struct monitor *m);    // before the signer in service is started
bool monitor_signer_died(struct monitor *m, pid_t pid); // true: it was the one in waiting
bool monitor_signer_step_in(struct monitor *m);  // the signer in service is gone; true: the one in waiting serves now
void monitor_signer_run(struct monitor *m, uint64_t now_us); // stop the one in service when the signaller trusts the next certificate
uint64_t monitor_signer_deadline(const struct monitor *m);

// monitor_keys.c
MUST_USE result monitor_keys_make(struct monitor *m);         // the first key, and the secret. E_SYSTEM.
void monitor_keys_run(struct monitor *m, uint64_t now_us);    // rotate when it is time, and tell the signaller
uint64_t monitor_keys_deadline(const struct monitor *m);

// monitor_children.c
struct spawn { // what a child is started with
	unsigned role;
	int snapshot_fd;
	uint32_t generation;
	const char *key_path; // signer: as configured; else ""
};
// Start ROLE with what is in force. E_SYSTEM.
MUST_USE result monitor_spawn(struct monitor *m, unsigned role);
// The same, AS told, into C. E_SYSTEM.
MUST_USE result monitor_spawn_as(struct monitor *m, const struct spawn *as, struct child *c);
void monitor_child_gone(struct child *c);                     // close its control socket; nothing is known of it any more
void monitor_reap(struct monitor *m, uint64_t now_us);        // who has died: the time of its restart is set
void monitor_restart_due(struct monitor *m, uint64_t now_us); // start those that are due, end those that never got ready
uint64_t monitor_next_restart(const struct monitor *m);       // [us] NO_DEADLINE when nothing is due
void monitor_stop_children(struct monitor *m);                // in order, so that each call has its record; returns when all are gone

// monitor_requests.c
void monitor_request(struct monitor *m, unsigned role);         // all messages that wait on the control socket of ROLE
// Wait once, until UNTIL_US at most, for FD (-1: none) or for what must not wait during a reload: connections for calls are
// dialled, and the resolver is heard. Nothing of it changes the configuration. True: FD can be read.
bool monitor_serve_calls(struct monitor *m, int fd, uint64_t until_us);
bool monitor_await_ready(struct monitor *m, unsigned role);     // at a start; false: it did not say so in time
void monitor_reload(struct monitor *m);                         // as asked for by a signal: the log has the outcome
// Send A to ROLE as the answer to Q, with descriptor FD or -1. One that does not read loses it: logged.
void monitor_answer(struct monitor *m, unsigned role, struct ipc_control *a, const struct ipc_control *q, int fd);

#endif
