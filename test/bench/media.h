// SPDX-License-Identifier: Apache-2.0
// The media bench's parts: its rig of sockets, the do-nothing relay, and the SRTP figures.
#ifndef TEST_BENCH_MEDIA_H
#define TEST_BENCH_MEDIA_H

#include "net/media_io.h"
#include "terms/ipc_media.h"

#include <netinet/in.h>
#include <sys/types.h>
#include <time.h>

enum { PACKET = 12 + 160, RUNS_MAX = 15 }; // G.711, 20 ms

struct leg { // one user
	int fd;
	struct sockaddr_in self, relay;
	uint16_t seq;
	uint64_t received;
};

struct rig {
	uint32_t sessions;
	struct leg *leg; // 2 per session
	struct media_io_pair *pair;
	struct media_io_listener listener;
	int control[2];
	struct session_ref *ref;
	pid_t pid;
};

void bench_die(const char *what);
uint64_t bench_clock_ns(clockid_t c);
int bench_compare(const void *a, const void *b);
double bench_median(double *v, uint32_t n);
// Forward what comes on pair i to the user of pair i XOR 1, for ever.
void bench_idle_run(const struct rig *r);
// ns per packet of our transform and of libsrtp2, median of RUNS.
void bench_srtp(uint32_t runs);

#endif
