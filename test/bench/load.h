// SPDX-License-Identifier: Apache-2.0
// The parts of the SIP load generator: text, messages, sockets, the account of the daemon, and the calls.
#ifndef TEST_BENCH_LOAD_H
#define TEST_BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

enum {
	LOAD_MESSAGE_MAX = 4096,   // octets; the longest of a bench call has 1100
	LOAD_STREAM_MAX = 1 << 18, // octets waiting on one connection
	LOAD_CONNS_MAX = 64,
	LOAD_PIDS_MAX = 256,
	LOAD_CALLS_MAX = 1000000,
	LOAD_T1_MS = 500, // RFC3261#17.1.1.1: what takes longer would have been sent again
};

enum load_side { SIDE_CALLER, SIDE_CALLED };

struct load_slice { // not terminated
	const char *at;
	size_t len;
};

struct load_end { // one side's address, also as text
	struct sockaddr_in in;
	char text[32];
};

struct load_conn { // a UDP socket, or a TLS connection
	int fd;
	enum load_side side;
	SSL *ssl;
	char *in;
	size_t have;
};

struct load_to { // where a message goes
	int conn;
	struct sockaddr_in in; // UDP
};

struct load_call {
	// [ns]; 0: not yet
	uint64_t invite_sent, invite_seen, first_seen, ok_sent, ok_seen, ack_seen, bye_sent, done;
	char *ok, *bye; // to be sent later
	size_t ok_len, bye_len;
	struct load_to ok_to, bye_to;
};

struct load_due { // a send that waits; delays are constant, so a queue is in order of time
	uint64_t when;
	uint32_t call;
};

struct load_queue {
	struct load_due *due;
	uint32_t head, tail;
};

struct load {
	struct load_end caller, called, daemon;
	const char *tls_dir; // NULL: UDP
	SSL_CTX *tls[2];
	int listen_fd; // TLS: the called side's; else -1
	struct load_conn conn[LOAD_CONNS_MAX];
	int conn_count;
	double rate; // calls/s
	uint64_t ring_ns, hold_ns;
	uint64_t settle_ns; // 0: calls end after hold_ns; else all are held together, and this long
	uint32_t run_id;    // keeps the names of one run apart from those of the last
	struct load_call *call;
	uint32_t calls, started, established, finished, released;
	uint64_t duplicates, unexpected;
	struct load_queue ringing, holding;
	int pid[LOAD_PIDS_MAX]; // of the daemon
	int pid_count;
};

// load_message.c: each returns the length, 0 when it does not fit or lacks something
size_t load_invite(const struct load *l, char *out, size_t room, uint32_t call);
size_t load_response(const struct load *l, char *out, size_t room, struct load_slice request,
	const char *status, uint32_t call, bool dialog, bool body);
size_t load_in_dialog(const struct load *l, char *out, size_t room, struct load_slice ok, const char *method,
	uint32_t cseq, uint32_t call);
// The number after MARK in M; -1 when there is none or it names no call.
int64_t load_index(const struct load *l, struct load_slice m, const char *mark);
bool load_line(struct load_slice *rest, struct load_slice *line);
bool load_is_header(struct load_slice line, const char *name);

// load_end.c
bool load_end_parse(const char *text, struct load_end *end);

// load_net.c
void load_die(const char *what);
void load_net_open(struct load *l);
void load_net_send(struct load *l, const struct load_to *to, const char *m, size_t len);
// Wait until NS, or until something came, and hand it to load_call_receive.
void load_net_wait(struct load *l, uint64_t ns);

// load_call.c
void load_call_start(struct load *l, uint32_t call);
void load_call_receive(
	struct load *l, enum load_side side, const struct load_to *from, struct load_slice m, uint64_t now);
void load_queue_put(struct load_queue *q, uint64_t when, uint32_t call);

// load_account.c
uint64_t load_now_ns(void);
uint64_t load_cpu_ns(const struct load *l); // of all threads of all processes of the daemon
uint64_t load_pss_kib(int pid);
void load_quantiles(const char *name, uint64_t *v, size_t n);

#endif
