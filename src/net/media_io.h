// SPDX-License-Identifier: Apache-2.0
// Sockets, threads and time around the Media Function (src/mf): the loop of the media process.
//
// N workers, each with its own epoll instance, its own share of the port pairs, its own engine and its own
// part of the store. A session lives on one worker. Only sockets that a session uses are polled. Packets go
// in and out in batches; a packet to side X leaves from the session's own port on side X, so that the far
// side sees what was negotiated.
//
// Control channel number c is read by worker c modulo N; a message for a session of another worker is handed
// over through a bounded ring. All descriptors are opened by others (the monitor) and only used here.
#ifndef NET_MEDIA_IO_H
#define NET_MEDIA_IO_H

#include "base/address.h"

#include <stddef.h>
#include <stdint.h>

struct media_io_pair { // bound, non-blocking or not; both on the same host, RTCP on the next port
	int rtp_fd;
	int rtcp_fd;
	struct address rtp; // what the signaller may put into SDP
};

struct media_io_listener { // same numbers as the snapshot's listeners; count 0 for one without media
	const struct media_io_pair *pair;
	uint32_t count;
};

struct media_io_config {
	const struct media_io_listener *listener;
	uint32_t listener_count;
	const int *control; // SOCK_SEQPACKET, one per worker of the signaller, carrying struct ipc_media
	uint32_t control_count;
	uint32_t workers; // 1..MF_WORKERS_MAX; must be the same after a restart, else the store is not taken
			  // over
	uint32_t sessions_max; // of the process; divided among the workers
	uint32_t streams_max;  // likewise
	uint32_t quarantine_s;
	const _Atomic uint32_t *quarantine_now; // [s] when it may change while it runs; NULL: it does not
	uint32_t lease_s;
	void *store; // media_io_store_size() octets mapped from a memfd (aligned to a page), or NULL
	size_t store_size;
};

// Octets that `store` must have for this configuration.
size_t media_io_store_size(const struct media_io_config *c);
// Run until all control channels are closed. 0, or -1 when it could not begin (bounds, memory, epoll).
int media_io_run(const struct media_io_config *c);

#endif
