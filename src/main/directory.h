// SPDX-License-Identifier: Apache-2.0
// What the directory process holds; private to src/main/directory*.c.
//
// It answers look-ups: of the signaller's workers what they cannot answer themselves, of administrators with the whole story, of the
// portal for peers. What the registry does not know is asked of the ENUM trees that the configuration names, through the resolver.
#ifndef MAIN_DIRECTORY_H
#define MAIN_DIRECTORY_H

#include "lrf/lrf.h"
#include "luf/luf.h"
#include "main/feed.h"
#include "main/ldr_client.h"
#include "main/process.h"
#include "terms/ipc_dns.h"
#include "terms/ipc_lookup.h"

enum {
	INQUIRIES_MAX = 1024,       // look-ups under way: 2 s of 500 a second that all ask the DNS
	INQUIRIES_PEER = 96,        // of one peer: half of what the resolver works on for strangers (dns/resolver.h), whoever calls (LRF-A1)
	INQUIRY_MS_MAX = 10000,     // the longest that an asker may want to wait
	INQUIRY_MS = 2500,          // of an administrator, whose question has 3 s (admin/ask.h)
	INQUIRIES_PER_TURN = 64,    // of one channel, so that control and DNS are not starved
	LOOKUP_CHANNELS_MAX = NET_WORKERS_MAX + 1,
};

struct inquiry; // one look-up under way

struct database { // how the registry's database is reached; the feeding thread reads it for ever
	struct feed_config feed;
	int own[2]; // from the feeding thread to our own look-ups
	char folder[FILES_PATH_MAX], cache_folder[FILES_PATH_MAX], cache[FILES_PATH_MAX];
};

struct directory_process {
	const struct process_start *start;
	const struct snapshot *snapshot;
	size_t size;
	struct registry *registry;
	struct lrf_memory *memory;
	struct database database;
	struct ldr_client ldr;   // what the registry's database says, as the feeding thread sends it
	int admin, dns;
	int lookup[LOOKUP_CHANNELS_MAX];
	int portal;              // the one of them that is the portal's
	uint32_t lookups;        // channels
	struct inquiry *inquiry; // INQUIRIES_MAX of them
	uint32_t serial;         // numbered last
	uint32_t under_way;
	bool stop;
};

// Who asks, and how he is answered.
struct asked {
	int fd;            // channel
	bool administrator; // struct ipc_admin rows; else struct ipc_lookup
	uint32_t request;  // of his
	bool story;        // he wants the steps and the hops
	uint32_t deadline_ms;
};

// directory_inquiry.c
MUST_USE result inquiries_new(struct directory_process *d);
// Look up Q for A: answered now, or when the DNS has answered, or at the deadline.
void inquiry_begin(struct directory_process *d, const struct asked *a, const struct query *q, const struct now *now);
// May the portal ask M? In the name of a peer that it serves, and to tell him: one that was taken over sees no other view (LUF-C2).
bool inquiry_portal_may(const struct directory_process *d, const struct ipc_lookup *m);
// Another snapshot is in force, and the former one gone: those under way begin again within the time that they have left.
void inquiries_again(struct directory_process *d, const struct now *now);
// The monitor's answer to a domain on demand.
struct ipc_control;
void inquiry_demanded(struct directory_process *d, const struct ipc_control *m, const struct now *now);
// What the resolver's channel has.
void inquiry_dns(struct directory_process *d, const struct now *now);
// End those whose time is up.
void inquiry_run(struct directory_process *d, const struct now *now);
uint64_t inquiry_deadline(const struct directory_process *d); // [us]

// directory_answer.c: one line of the story; what it came to, with the hops when asked for.
void inquiry_note(const struct asked *a, const char *format, ...) PRINTF_LIKE(2, 3);
void inquiry_answer(struct directory_process *d, const struct asked *a, const struct query *q, const struct target *t,
	struct lookup_answer *l, const struct now *now);

// directory_registry.c: the database's part of the process, before (paths) and behind (start) the sandbox.
struct sandbox_path;
uint32_t directory_paths(struct directory_process *d, struct sandbox_path *out, uint32_t room);
MUST_USE result directory_feed(struct directory_process *d);

#endif
