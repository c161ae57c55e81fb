// SPDX-License-Identifier: Apache-2.0
// The channels between children: sequenced-packet pairs, made once by the monitor, which keeps duplicates of both ends.
// A child that is started again finds its ends as they were; what its predecessor asked is answered to nobody, and
// answers carry request numbers, so they are recognised and dropped.
#ifndef MAIN_CHANNELS_H
#define MAIN_CHANNELS_H

#include "base/result.h"
#include "net/net.h"

struct channel_pair {
	int end[2]; // -1: not made
};

struct channels {
	struct channel_pair media[NET_WORKERS_MAX];    // 0 signaller's worker, 1 media
	struct channel_pair sign[NET_HANDSHAKERS_MAX]; // 0 handshake thread, 1 signer
	struct channel_pair lookup[NET_WORKERS_MAX];   // 0 signaller's worker, 1 directory
	struct channel_pair signaller; // 0 admin, 1 signaller
	struct channel_pair directory; // 0 admin, 1 directory
	struct channel_pair dns;       // 0 directory, 1 resolver
	struct channel_pair ldr;       // 0 signaller, 1 directory
	struct channel_pair portal_lookup; // 0 portal, 1 directory
	struct channel_pair portal_sign;   // 0 portal, 1 signer
};

// Make those that WORKERS and HANDSHAKE_THREADS ask for. E_SYSTEM.
MUST_USE result channels_open(struct channels *c, uint32_t workers, uint32_t handshake_threads);
void channels_close(struct channels *c);
// Call KEEP for each descriptor that ROLE works with.
void channels_of_role(const struct channels *c, unsigned role, void (*keep)(void *ctx, int fd), void *ctx);

#endif
