// SPDX-License-Identifier: Apache-2.0
// Every message between the monitor and its children, over one sequenced-packet socket per child, and the
// roles of the processes. A message may carry one descriptor. Fixed size, native byte order.
//
// The monitor grants requests by a table (guard/requests.c): role x type. What stands in no row is refused,
// counted and logged; a child that sends one is ended.
#ifndef TERMS_IPC_CONTROL_H
#define TERMS_IPC_CONTROL_H

#include "terms/dns.h"
#include "terms/way.h"

enum { IPC_CONTROL_VERSION = 5, IPC_CONTROL_TEXT_MAX = 1024, IPC_CONTROL_KEY_LEN = 16, IPC_CONTROL_STORY_MAX = 2048 };

enum process_role {
	ROLE_MONITOR, ROLE_SIGNALLER, ROLE_MEDIA, ROLE_RESOLVER, ROLE_DIRECTORY, ROLE_SIGNER, ROLE_ADMIN, ROLE_PORTAL, ROLE_COUNT,
};

static inline const char *process_role_name(unsigned role)
{
	static const char *const names[ROLE_COUNT] = {"monitor", "signaller", "media", "resolver", "directory", "signer",
		"admin", "portal"};
	return role < ROLE_COUNT ? names[role] : "?";
}

enum ipc_control_type {
	// monitor -> child
	IPC_CONTROL_SNAPSHOT = 1, // + descriptor: sealed memfd with the next snapshot, of `generation`; answered by TAKEN
	IPC_CONTROL_STOP,
	IPC_CONTROL_DRAIN,       // flag: on or off
	IPC_CONTROL_DIALED,      // answer to DIAL: + descriptor, connecting; `error` when refused
	IPC_CONTROL_RELOADED,    // answer to RELOAD: `error`, text: first messages of the check
	IPC_CONTROL_RESOLVE,     // to resolver: locate the servers of the domain in text, by `place` (RFC 3263)
	IPC_CONTROL_PROCESS,     // answer to PROCESSES: one per child (`role`, `index` = restarts, `worker` = pid, `flag` = ready,
				 // `generation`, `tally`); last: role ROLE_COUNT
	IPC_CONTROL_STORY,       // answer to STORY_ASK: story
	IPC_CONTROL_DEMANDED,    // answer to DEMAND: `error` E_OK: every process has the peer now
	IPC_CONTROL_BEGIN,       // signer: its predecessor has ended, answer requests
	IPC_CONTROL_TOKEN_KEY,   // signaller: seal tokens with `key`, number `index`, as soon as all workers have it
	// child -> monitor
	IPC_CONTROL_READY,       // sandboxed and able to begin; text: what the sandbox consists of
	IPC_CONTROL_DIAL,        // signaller: connect to `address` of `peer` from `listener`; `index`: transport
	IPC_CONTROL_RELOAD,      // admin: read the configuration again
	IPC_CONTROL_DRAIN_ASK,   // admin: flag
	IPC_CONTROL_BLOCK_ASK,   // admin: peer, flag: block or unblock a peer
	IPC_CONTROL_RESOLVED,    // resolver: the ways to the domain in text, in order; `verdict`, `stale`, `ttl_s`, `reason`, `story`
	IPC_CONTROL_STORY_ASK,   // admin: how the names of `peer` were located last
	IPC_CONTROL_DEMAND,      // directory, signaller: let the domain in text be a peer on demand, as `peer` takes it; flag: nobody waits for an answer
	IPC_CONTROL_PROCESSES,   // admin: list the processes
	IPC_CONTROL_TAKEN,       // the snapshot of `generation` is in use, or was refused with `error`
	IPC_CONTROL_CANNOT,      // signer, instead of READY: text says why, for people
	IPC_CONTROL_TALLY,       // signer, portal: `tally`
	IPC_CONTROL_TYPES,
};


enum { IPC_CONTROL_ADDRESSES_MAX = 1 };

enum ipc_control_tally { // what the signer and the portal count, since their start; SIGNED: answered by the portal
	IPC_TALLY_SIGNED, IPC_TALLY_REFUSED, IPC_TALLY_LIMITED, IPC_TALLY_COUNT,
};

struct ipc_control {
	uint16_t version;
	uint16_t type;
	uint32_t request; // chosen by the asker, echoed in the answer
	uint16_t role, index;
	uint8_t flag;
	listener_id listener;
	peer_id peer;
	int32_t error;    // enum error
	uint32_t worker;  // DIAL: which worker waits
	uint32_t generation; // of a snapshot
	uint64_t tally[IPC_TALLY_COUNT];
	uint8_t key[IPC_CONTROL_KEY_LEN]; // TOKEN_KEY alone; wiped after use
	uint8_t address_count;
	struct address address[IPC_CONTROL_ADDRESSES_MAX]; // DIAL
	struct {
		uint16_t port;         // 0: none was given
		uint8_t transport;     // enum transport: the floor
		uint8_t fixed;         // 1: that transport alone
		uint8_t transports, families; // bits, see struct locate_want
	} place; // RESOLVE
	uint8_t verdict; // RESOLVED: enum dns_verdict
	uint8_t stale;
	uint32_t ttl_s;
	char reason[DNS_REASON_MAX]; // NUL-terminated; why there is none
	uint8_t way_count;
	struct way way[WAYS_MAX];
	char text[IPC_CONTROL_TEXT_MAX]; // NUL-terminated
	char story[IPC_CONTROL_STORY_MAX]; // lines for people: each question and answer on the way; NUL-terminated
};

#endif
