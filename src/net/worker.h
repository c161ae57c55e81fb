// SPDX-License-Identifier: Apache-2.0
// Inside of the network layer: what net.h keeps opaque.
#ifndef NET_WORKER_H
#define NET_WORKER_H

#include "net/caps.h"
#include "net/directory.h"
#include "net/handshake.h"
#include "net/net.h"
#include "net/udp.h"

#include <pthread.h>

struct streams;

struct net_worker {
	struct loop loop; // first: mail finds the worker by it
	struct net_counters counters;
	struct net *net;
	uint8_t index;
	struct net_handlers handlers;
	struct udp *udp;
	struct streams *streams;
	pthread_t thread;
	bool running;
};

struct net;

static inline uint64_t net_limit(const _Atomic uint64_t *us)
{
	return atomic_load_explicit(us, memory_order_relaxed);
}

struct net {
	struct net_config config;
	struct holder holder;
	struct caps *caps;
	struct directory *directory;
	BIO_METHOD *method;
	_Atomic uint64_t handshake_us, frame_us, idle_us; // in force; those of config are the first
	_Atomic uint32_t next_worker; // spreads accepted connections
	struct net_worker *worker; // config.workers of them
	struct handshaker *handshaker; // config.handshake_threads of them
};

#endif
