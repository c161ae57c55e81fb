// SPDX-License-Identifier: Apache-2.0
// What the monitor hands to a child when it forks it, and the entry of each child.
#ifndef MAIN_PROCESS_H
#define MAIN_PROCESS_H

#include "conf/conf.h"
#include "main/channels.h"
#include "main/files.h"
#include "main/sockets.h"
#include "registry/snapshot.h"
#include "sf/token.h"
#include "terms/ipc_control.h"

// Kept calls take the smallest kind of record that holds them: a plain call with its media plan 1.1 KiB, one with keys and long
// names twice that.
enum {
	CALL_RECORD_LARGE = 22528, // [octets] the longest call and media image; pages that were never used stay holes
	CALL_RECORD_KINDS = 3,
};

// Octets of a record of KIND; with its own head of 24 a whole number of cache lines.
static inline uint32_t call_record_octets(unsigned kind)
{
	static const uint32_t octets[CALL_RECORD_KINDS] = {1256, 2536, CALL_RECORD_LARGE};
	return octets[kind % CALL_RECORD_KINDS];
}

struct process_start {
	unsigned role;        // enum process_role
	int control;          // sequenced-packet socket to the monitor
	int snapshot_fd;      // sealed memfd of the snapshot in force
	int calls_fd[CALL_RECORD_KINDS]; // memfds of kept calls, by kind; signaller only
	int ended_fd;         // memfd of ended calls whose record is not on disk yet; signaller only
	int sessions_fd;      // memfd of kept media sessions; media only
	uint16_t workers, handshake_threads;
	bool draining;        // at the time of the start
	uint32_t restarts;    // how often this role was started before
	const struct sockets *sockets;
	const struct channels *channels;
	struct sf_token_key token_key[SF_TOKEN_KEYS_MAX]; // signaller only, wiped in every other child
	uint8_t token_current;
	uint8_t secret[16];   // for keyed hashes; signaller only
	char key_path[FILES_PATH_MAX]; // signer only
	char registry[FILES_PATH_MAX];     // directory only: of the database, as store_open wants it; "" none
	char registry_key[FILES_PATH_MAX]; // directory only: file of the key that signs its cache
	const char *user;     // to become when started as root
	bool sanitizer;       // sanitizer build: no system call filter
};

// Each runs until it is told to stop or the monitor goes away, and returns the exit status.
int signaller_main(struct process_start *start);
int media_main(struct process_start *start);
int resolver_main(struct process_start *start);
int directory_main(struct process_start *start);
int signer_main(struct process_start *start);
int admin_main(struct process_start *start);
int portal_main(struct process_start *start);

// Workers of one core each that this machine has room for, 1..WORKERS_MAX.
uint16_t process_cores(void);
// Tell the monitor that the snapshot of GENERATION is in use, or why not.
void process_taken(int control, uint32_t generation, result r);
// Map the snapshot of FD read-only and check it. E_CONFIG, E_SYSTEM.
MUST_USE result process_map_snapshot(int fd, const struct snapshot **out, size_t *size);
void process_unmap_snapshot(const struct snapshot *s, size_t size);
// Enter the sandbox of ROLE with the given paths and say READY to the monitor. E_SYSTEM: exit.
struct sandbox_path;
MUST_USE result process_ready(const struct process_start *start, const struct sandbox_path *paths, uint32_t count);

#endif
