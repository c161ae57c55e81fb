// SPDX-License-Identifier: Apache-2.0
// What the monitor holds; private to src/main/monitor*.c. It parses nothing from strangers and never maps
// the memfds, the private key or a packet.
#ifndef MAIN_MONITOR_STATE_H
#define MAIN_MONITOR_STATE_H

#include "main/files.h"
#include "main/process.h"

#include <sys/types.h>

enum {
	RESTART_BACKOFF_MIN_MS = 50,      // a crash must cost calls nothing that they notice
	RESTART_BACKOFF_MAX_MS = 10000,   // a child that cannot live must not burn the machine
	RESTART_CALM_MS = 60000,          // up that long: the back-off begins anew
	CHILD_READY_MS = 10000,           // to be sandboxed and ready
	STOP_MS = 3000,                   // to end after STOP, then killed
	RESOLVE_MS = 3000,                // one name
};

struct child {
	pid_t pid;          // 0: not running
	int control;        // our end; -1
	bool ready;
	bool renewing;      // ended by us, to begin anew
	uint32_t restarts;
	uint64_t started_us;
	uint64_t restart_at_us; // when to start again; 0: not waiting
	uint32_t backoff_ms;
};

struct monitor {
	const char *config_path;
	const char *user;
	struct conf_result conf; // in force; its snapshot is our own copy
	int snapshot_fd, calls_fd[CALL_RECORD_KINDS], ended_fd, sessions_fd;
	uint16_t workers, handshake_threads;
	struct sockets *sockets;
	struct channels channels;
	struct child child[ROLE_COUNT];
	struct sf_token_key token_key[SF_TOKEN_KEYS_MAX];
	uint8_t token_current;
	uint8_t secret[16];
	int signal_fd;
	uint32_t resolve_number; // of the last question to the resolver
	bool stopping, draining;
};

// monitor_conf.c
MUST_USE result monitor_load(struct monitor *m, bool first);    // read, resolve, seal; messages go to stderr
MUST_USE result monitor_publish(struct monitor *m);             // a new memfd of the snapshot to all children
void monitor_block(struct monitor *m, peer_id peer, bool block);

// monitor_children.c
MUST_USE result monitor_spawn(struct monitor *m, unsigned role);
void monitor_reap(struct monitor *m, uint64_t now_us);
void monitor_restart_due(struct monitor *m, uint64_t now_us);
uint64_t monitor_next_restart(const struct monitor *m);
void monitor_stop_children(struct monitor *m);

// monitor_requests.c
void monitor_request(struct monitor *m, unsigned role);         // all messages that wait on the control socket of ROLE
bool monitor_await_ready(struct monitor *m, unsigned role);
void monitor_reload(struct monitor *m);

#endif
