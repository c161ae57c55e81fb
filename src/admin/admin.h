// SPDX-License-Identifier: Apache-2.0
// The administrators' side: local API, metrics, call records, traces, journal. One event loop, one thread.
//
// Trusts nobody on the socket but its owner and root (BE-1), and checks each message of the other processes. It may
// only ask: the signaller, the directory and the monitor decide.
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "admin/rotate.h"
#include "admin/view.h"
#include "base/clock.h"
#include "terms/ipc_control.h"

#include <event2/event.h>
#include <sys/types.h>

struct admin; // opaque

struct admin_config {
	struct event_base *base;
	int api;       // listening Unix socket
	int metrics;   // listening TCP socket; -1: none
	int signaller, directory; // channels; -1: none
	uid_t owner;   // beside root, who may use the API
	uint32_t first_request; // questions are numbered from here on; another one at each start
	bool draining; // at the start
	const char *version;
	struct view_steps steps;
	const struct disk *disk;
	struct now (*clock)(void);
	result (*monitor)(void *ctx, const struct ipc_control *m); // send to the monitor
	void *ctx;
};

// S stays mapped until another is set. E_NO_MEMORY, E_SYSTEM.
MUST_USE result admin_new(struct admin **out, const struct admin_config *c, const struct snapshot *s);
void admin_set_snapshot(struct admin *a, const struct snapshot *s);
// An answer of the monitor.
void admin_on_control(struct admin *a, const struct ipc_control *m);
// Take what still waits in the channel, write all records, end.
void admin_free(struct admin *a);

#endif
