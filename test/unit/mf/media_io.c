// SPDX-License-Identifier: Apache-2.0
// The media process's loop over real sockets on loopback: a session is made through the control channel, RTP
// and SRTP go through, strangers do not, and after the process has been killed another one goes on with the
// same records.
#include "unit_mf.h"

#include "mf/srtp.h"
#include "net/media_io.h"
#include "terms/ipc_media.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAIRS = 8, WAIT_MS = 2000, QUIET_MS = 100 };

struct rig {
	struct media_io_pair pair[2][PAIRS];
	struct media_io_listener listener[2];
	struct media_io_config config;
	int control[2][2]; // [channel][our end, their end]
	int theirs[2];
	int user[2][2]; // [side][rtp, rtcp]
	struct address user_address[2][2];
	pid_t pid;
	struct ipc_media created;
};

static int udp_open(struct address *a, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0) {
		close(fd);
		return -1;
	}
	getsockname(fd, (struct sockaddr *)&in, &len);
	*a = (struct address){.family = 4, .port = ntohs(in.sin_port), .ip = {127, 0, 0, 1}};
	return fd;
}

static void pair_open(struct media_io_pair *p)
{
	struct address a;

	for (uint32_t tries = 0; tries < 200; tries++) {
		p->rtp_fd = udp_open(&p->rtp, 0);
		p->rtcp_fd = p->rtp.port % 2 == 0 ? udp_open(&a, (uint16_t)(p->rtp.port + 1)) : -1;
		if (p->rtcp_fd >= 0)
			return;
		close(p->rtp_fd);
	}
	fail_msg("no port pair");
}

static void process_start(struct rig *r)
{
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0) {
		close(r->control[0][0]);
		close(r->control[1][0]);
		_exit(media_io_run(&r->config) == 0 ? 0 : 1);
	}
}

static void rig_open(struct rig *r, uint32_t workers)
{
	memset(r, 0, sizeof(*r));
	for (uint32_t l = 0; l < 2; l++) {
		for (uint32_t i = 0; i < PAIRS; i++)
			pair_open(&r->pair[l][i]);
		r->listener[l] = (struct media_io_listener){r->pair[l], PAIRS};
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, r->control[l]), 0);
		r->theirs[l] = r->control[l][1];
		for (uint32_t i = 0; i < 2; i++)
			r->user[l][i] = udp_open(&r->user_address[l][i], 0);
	}
	r->config = (struct media_io_config){.listener = r->listener,
		.listener_count = 2,
		.control = r->theirs,
		.control_count = 2,
		.workers = workers,
		.sessions_max = 8,
		.streams_max = 8,
		.quarantine_s = 1};
	r->config.store_size = media_io_store_size(&r->config);
	r->config.store =
		mmap(NULL, r->config.store_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	process_start(r);
}

static void rig_close(struct rig *r)
{
	int status = -1;

	for (uint32_t l = 0; l < 2; l++) {
		close(r->control[l][0]);
		close(r->control[l][1]);
		for (uint32_t i = 0; i < PAIRS; i++) {
			close(r->pair[l][i].rtp_fd);
			close(r->pair[l][i].rtcp_fd);
		}
		close(r->user[l][0]);
		close(r->user[l][1]);
	}
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_int_equal(status, 0); // ends by itself when the channels close
	munmap(r->config.store, r->config.store_size);
}

static void ask(struct rig *r, uint32_t channel, struct ipc_media *m)
{
	m->version = IPC_MEDIA_VERSION;
	assert_int_equal(send(r->control[channel][0], m, sizeof(*m), 0), sizeof(*m));
}

static bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static void await(struct rig *r, uint32_t channel, enum ipc_media_type type, struct ipc_media *m)
{
	do {
		assert_true(readable(r->control[channel][0], WAIT_MS));
		assert_int_equal(recv(r->control[channel][0], m, sizeof(*m), 0), sizeof(*m));
	} while (m->type != type);
}

static void plan_fill(const struct rig *r, struct media_plan *plan)
{
	plan->count = 1;
	plan->stream[0].active = 1;
	plan->stream[0].keying = KEYING_ADD;
	for (uint32_t side = 0; side < 2; side++) {
		struct media_side *m = &plan->stream[0].side[side];
		m->remote_rtp = r->user_address[side][0];
		m->remote_rtcp = r->user_address[side][1];
		m->may_send = 1;
	}
}

static void session_make(struct rig *r, uint32_t channel, const struct media_key *out)
{
	struct ipc_media m = {.type = IPC_MEDIA_CREATE, .request = 7, .listener = {0, 1}};

	plan_fill(r, &m.u.plan);
	if (out != NULL)
		m.u.plan.stream[0].side[1].out = *out;
	ask(r, channel, &m);
	await(r, channel, IPC_MEDIA_CREATED, &r->created);
	assert_int_equal(r->created.request, 7);
	assert_int_equal(r->created.u.ports.count, 1);
}

static void send_to(int fd, const struct address *a, uint32_t port_offset, const uint8_t *buf, uint32_t n)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(a->port + port_offset))};

	memcpy(&in.sin_addr, a->ip, 4);
	assert_int_equal(sendto(fd, buf, n, 0, (struct sockaddr *)&in, sizeof(in)), n);
}

// Receive, and check that it came from our port that was negotiated.
static uint32_t take_from(int fd, const struct address *from, uint32_t port_offset, uint8_t *buf)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	ssize_t n;

	assert_true(readable(fd, WAIT_MS));
	n = recvfrom(fd, buf, RTP_DATAGRAM_MAX, 0, (struct sockaddr *)&in, &len);
	assert_true(n > 0);
	assert_int_equal(ntohs(in.sin_port), from->port + port_offset);
	return (uint32_t)n;
}

static void relay_check(struct rig *r, uint16_t seq)
{
	const struct address *ours = r->created.u.ports.rtp[0];
	uint8_t sent[300], got[RTP_DATAGRAM_MAX];
	uint32_t n = rtp_make(sent, 8, seq, seq * 160u, 0xabcd, 160);

	for (uint32_t side = 0; side < 2; side++) {
		send_to(r->user[side][0], &ours[side], 0, sent, n);
		assert_int_equal(take_from(r->user[!side][0], &ours[!side], 0, got), n);
		assert_memory_equal(sent, got, n);
	}
}

// A queue of packets: read and sent in batches, all of them, in order.
static void burst_check(struct rig *r, uint16_t seq)
{
	const struct address *ours = r->created.u.ports.rtp[0];
	uint8_t sent[300], got[RTP_DATAGRAM_MAX];

	kill(r->pid, SIGSTOP);
	for (uint16_t i = 0; i < 150; i++)
		send_to(r->user[0][0], &ours[0], 0, sent,
			rtp_make(sent, 8, (uint16_t)(seq + i), 0, 0xabcd, 160));
	kill(r->pid, SIGCONT);
	for (uint16_t i = 0; i < 150; i++) {
		take_from(r->user[1][0], &ours[1], 0, got);
		assert_int_equal(got[2] << 8 | got[3], seq + i);
	}
}

static void relays(void **state)
{
	struct ipc_media m = {.type = IPC_MEDIA_DELETE, .request = 9};
	uint8_t buf[RTP_DATAGRAM_MAX], sr[64];
	struct address a;
	struct rig r;

	(void)state;
	rig_open(&r, 1);
	session_make(&r, 0, NULL);
	for (uint16_t seq = 1; seq < 50; seq++)
		relay_check(&r, seq);
	burst_check(&r, 50);
	uint32_t n = rtcp_make_sr(sr, 0xabcd);
	send_to(r.user[0][1], &r.created.u.ports.rtp[0][0], 1, sr, n);
	assert_int_equal(take_from(r.user[1][1], &r.created.u.ports.rtp[0][1], 1, buf), n);
	int stranger = udp_open(&a, 0);
	n = rtp_make(buf, 8, 200, 0, 0xabcd, 160);
	send_to(stranger, &r.created.u.ports.rtp[0][0], 0, buf, n);
	assert_false(readable(r.user[1][0], QUIET_MS)); // MF-C3
	m.session = r.created.session;
	ask(&r, 0, &m);
	await(&r, 0, IPC_MEDIA_STATS, &m);
	assert_int_equal(m.request, 9);
	assert_int_equal(m.u.stats[0][0].packets, 49 + 150);
	assert_int_equal(m.u.stats[0][0].dropped_source, 1);
	send_to(r.user[0][0], &r.created.u.ports.rtp[0][0], 0, buf, n);
	assert_false(readable(r.user[1][0], QUIET_MS)); // nothing after delete
	close(stranger);
	rig_close(&r);
}

// Two workers, two channels: a session made on channel 1 is changed and ended from channel 0.
static void workers(void **state)
{
	struct ipc_media m = {.type = IPC_MEDIA_QUERY};
	struct rig r;

	(void)state;
	rig_open(&r, 2);
	session_make(&r, 1, NULL);
	assert_int_equal(r.created.session.slot >> 24, 1);
	relay_check(&r, 1);
	m.session = r.created.session;
	ask(&r, 0, &m);
	await(&r, 1, IPC_MEDIA_STATS, &m); // answered to the owner
	assert_int_equal(m.u.stats[0][0].packets, 1);
	rig_close(&r);
}

static struct media_key key_make(void)
{
	struct media_key k = {.suite = SUITE_AEAD_AES_128_GCM, .len = 28};

	for (uint32_t i = 0; i < k.len; i++)
		k.master[i] = (uint8_t)(i * 5 + 1);
	return k;
}

static void take_secure(struct rig *r, struct mf_srtp *in, uint16_t seq)
{
	const struct address *ours = r->created.u.ports.rtp[0];
	uint8_t buf[RTP_DATAGRAM_MAX], clear[300];
	uint32_t n = rtp_make(clear, 8, seq, 160, 0x77, 160), got;
	struct rtp_header h;

	send_to(r->user[0][0], &ours[0], 0, clear, n);
	got = take_from(r->user[1][0], &ours[1], 0, buf);
	assert_int_equal(got, n + SRTP_GCM_TAG);
	assert_ok(rtp_header_parse(buf, got, RTP_PROTECTED, &h));
	assert_ok(mf_srtp_unprotect(in, buf, &got, &h));
	assert_memory_equal(buf, clear, n);
}

// kill -9 in the middle of a call: the next process goes on, with the roll-over counter, and repeats no
// index.
static void killed(void **state)
{
	struct media_key key = key_make();
	struct srtp_work *work;
	struct mf_srtp *in;
	struct ipc_media m;
	uint8_t buf[300];
	uint32_t bad = 0;
	struct rig r;

	(void)state;
	rig_open(&r, 1);
	session_make(&r, 0, &key);
	assert_ok(mf_srtp_work_new(&work));
	assert_ok(mf_srtp_new(&in, work, &key, SRTP_IN, NULL, false, &bad));
	for (uint32_t seq = 65500; seq < 65560; seq++) // rolls over
		take_secure(&r, in, (uint16_t)seq);
	kill(r.pid, SIGKILL);
	assert_int_equal(waitpid(r.pid, NULL, 0), r.pid);
	process_start(&r);
	await(&r, 0, IPC_MEDIA_RESUMED, &m);
	assert_int_equal(m.request, 1);
	uint32_t n = rtp_make(buf, 8, (uint16_t)65559, 160, 0x77, 160);
	send_to(r.user[0][0], &r.created.u.ports.rtp[0][0], 0, buf, n);
	assert_false(readable(r.user[1][0], QUIET_MS)); // this index was used before the crash
	for (uint32_t seq = 65560; seq < 65600; seq++)
		take_secure(&r, in, (uint16_t)seq);
	mf_srtp_free(in);
	mf_srtp_work_free(work);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relays), cmocka_unit_test(workers), cmocka_unit_test(killed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
