// SPDX-License-Identifier: Apache-2.0
// Inside of the media process's loop: a worker and its sockets. Shared by media_io.c and media_datagram.c, by
// nobody else.
#ifndef NET_MEDIA_WORKER_H
#define NET_MEDIA_WORKER_H

#include "base/clock.h"
#include "mf/engine.h"
#include "net/media_io.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum {
	MEDIA_BATCH = 32,    // datagrams in one system call
	MEDIA_BUFFER = 1600, // RTP_DATAGRAM_MAX, one octet to see that it was exceeded, and the SRTP trailer
};

struct media_endpoint { // one socket
	int fd;
	uint32_t stream;
	uint8_t side;
	bool rtcp;
	bool open;
	uint8_t ask;    // datagrams to ask for next time
	uint32_t round; // of the last read
};

union media_name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct media_letter {
	uint32_t owner;
	struct ipc_media message;
};

struct media_ring { // letters from other workers
	pthread_mutex_t lock;
	struct media_letter *letter; // HANDOVER_RING
	uint32_t first, count;
};

struct media_io;

struct media_worker {
	struct media_io *io;
	uint32_t number;
	pthread_t thread;
	int epoll, wake;
	struct mf_engine *engine;
	struct address *address;          // RTP addresses of its pairs, listener after listener
	struct media_endpoint *endpoint;  // two per pair: RTP, RTCP
	uint32_t first[MF_LISTENERS_MAX]; // a listener's first pair in those lists
	struct mf_listener listener[MF_LISTENERS_MAX];
	int (*out)[2][2]; // [stream][side][rtcp] descriptor
	struct media_ring ring;
	struct media_letter *outbox; // OUTBOX_RING
	uint32_t out_first, out_count;
	uint64_t answers_lost;
	uint32_t quarantine_s; // that the engine has
	struct now now;
	bool busy; // this round brought as many events as fit
	uint32_t round;
	struct mmsghdr rx[MEDIA_BATCH], tx[MEDIA_BATCH];
	struct iovec rx_iov[MEDIA_BATCH], tx_iov[MEDIA_BATCH];
	union media_name rx_name[MEDIA_BATCH], tx_name[MEDIA_BATCH];
	uint8_t buffer[MEDIA_BATCH][MEDIA_BUFFER];
	struct ipc_media control; // being read
};

struct media_io {
	const struct media_io_config *config;
	struct media_worker *worker;
	_Atomic uint32_t next_worker; // for new sessions, when there are fewer channels than workers
	_Atomic uint32_t channels_open;
	_Atomic bool stop;
};

// media_datagram.c: read what an endpoint has, and send what passed the gates.
void media_endpoint_read(struct media_worker *w, struct media_endpoint *e);
// Begin or cease to poll the sockets of a pair (hook of the engine, CTX is the worker).
void media_port_h(void *ctx, const struct mf_port_change *c);
// Addresses of the buffers, once.
void media_messages_prepare(struct media_worker *w);

#endif
