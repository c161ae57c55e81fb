// SPDX-License-Identifier: Apache-2.0
// What media costs: CPU per relayed packet against a do-nothing relay over as many sockets, SRTP per packet against
// libsrtp2, memory per session.
//
//   media relay [-n sessions] [-r packets/s] [-t seconds] [-k runs]
//   media srtp  [-k runs]
//   media memory [-n sessions]
//
// Everything is on 127.0.0.0/8. The relay runs in a process of its own, pinned to the last core; generator and receiver to
// the first. CPU is the kernel's account of that process; ratios are of runs in turn.
#include "base/clock.h"
#include "base/memory.h"
#include "mf/srtp.h"
#include "net/media_io.h"
#include "terms/ipc_media.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, SESSIONS_MAX = 2000, PAYLOAD = 160, PACKET = 12 + PAYLOAD, RUNS_MAX = 15, SRTP_PACKETS = 40000 };

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

static void die(const char *what)
{
	fprintf(stderr, "media bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void on_core(long core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)core, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int udp_open(struct sockaddr_in *a, uint8_t host)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 1 << 20;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u | host)};
	if (bind(fd, (struct sockaddr *)a, sizeof(*a)) != 0)
		die("bind");
	getsockname(fd, (struct sockaddr *)a, &len);
	return fd;
}

static struct address address_of(const struct sockaddr_in *in)
{
	struct address a = {.family = 4, .port = ntohs(in->sin_port)};

	memcpy(a.ip, &in->sin_addr, 4);
	return a;
}

// CPU time of a process [ns], all threads.
static uint64_t cpu_ns(pid_t pid)
{
	struct timespec t;
	clockid_t c;

	if (clock_getcpuclockid(pid, &c) != 0 || clock_gettime(c, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static uint64_t pss_kib(pid_t pid)
{
	char path[64], line[128];
	unsigned long long v = 0, sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "Pss:", 4) == 0) {
			v = strtoull(line + 4, NULL, 10);
			sum += v;
		}
	if (f != NULL)
		fclose(f);
	return sum;
}

/* ---- the do-nothing relay ---- */

struct idle { // a socket, and where its packets go
	int fd, out;
	struct sockaddr_in to;
};

static struct mmsghdr idle_rx[BATCH], idle_tx[BATCH];
static struct iovec idle_iov[BATCH];
static struct sockaddr_in idle_from[BATCH];
static uint8_t idle_buf[BATCH][2048];

static void idle_forward(const struct idle *s)
{
	int got = recvmmsg(s->fd, idle_rx, BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < got; i++) {
		idle_iov[i].iov_len = idle_rx[i].msg_len;
		idle_tx[i].msg_hdr.msg_iov = &idle_iov[i];
		idle_tx[i].msg_hdr.msg_iovlen = 1;
		idle_tx[i].msg_hdr.msg_name = (void *)(uintptr_t)&s->to;
		idle_tx[i].msg_hdr.msg_namelen = sizeof(s->to);
	}
	if (got > 0)
		sendmmsg(s->out, idle_tx, (unsigned)got, MSG_DONTWAIT);
	for (int i = 0; i < got; i++) {
		idle_iov[i].iov_len = sizeof(idle_buf[i]);
		idle_rx[i].msg_hdr.msg_namelen = sizeof(idle_from[i]);
	}
}

static void idle_run(const struct rig *r)
{
	struct idle *s = calloc(r->sessions * 2, sizeof(*s));
	struct epoll_event ev[64];
	int ep = epoll_create1(0);

	for (uint32_t i = 0; i < BATCH; i++) {
		idle_iov[i] = (struct iovec){idle_buf[i], sizeof(idle_buf[i])};
		idle_rx[i].msg_hdr = (struct msghdr){.msg_iov = &idle_iov[i], .msg_iovlen = 1, .msg_name = &idle_from[i],
			.msg_namelen = sizeof(idle_from[i])};
	}
	for (uint32_t i = 0; i < r->sessions * 2; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
		s[i] = (struct idle){r->pair[i].rtp_fd, r->pair[i ^ 1].rtp_fd, r->leg[i ^ 1].self};
		epoll_ctl(ep, EPOLL_CTL_ADD, s[i].fd, &e);
	}
	for (;;) {
		int n = epoll_wait(ep, ev, 64, 100);
		for (int i = 0; i < n; i++)
			idle_forward(&s[ev[i].data.u32]);
	}
}

/* ---- ours ---- */

static void ours_run(const struct rig *r)
{
	struct media_io_config c = {.listener = &r->listener, .listener_count = 1, .control = &r->control[1],
		.control_count = 1, .workers = 1, .sessions_max = r->sessions, .streams_max = r->sessions};

	c.store_size = media_io_store_size(&c);
	c.store = mmap(NULL, c.store_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	close(r->control[0]);
	_exit(media_io_run(&c) == 0 ? 0 : 1);
}

static void plan_make(const struct rig *r, uint32_t i, uint8_t suite, struct media_plan *plan)
{
	*plan = (struct media_plan){.count = 1};
	plan->stream[0].active = 1;
	plan->stream[0].keying = suite == SUITE_NONE ? KEYING_PASS : KEYING_ADD;
	for (uint32_t side = 0; side < 2; side++) {
		struct media_side *m = &plan->stream[0].side[side];
		m->remote_rtp = address_of(&r->leg[2 * i + side].self);
		m->rtcp_mux = 1;
		m->may_send = 1;
		m->payload_count = 1;
		m->payload[0] = 8;
	}
	plan->stream[0].side[1].out.suite = plan->stream[0].side[1].in.suite = suite;
	plan->stream[0].side[1].out.len = plan->stream[0].side[1].in.len = srtp_suite_master_len(suite);
}

static void session_make(struct rig *r, uint32_t i, uint8_t suite)
{
	struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_CREATE};

	plan_make(r, i, suite, &m.u.plan);
	if (send(r->control[0], &m, sizeof(m), 0) < 0)
		die("control");
	do {
		if (recv(r->control[0], &m, sizeof(m), 0) != (ssize_t)sizeof(m))
			die("control answer");
	} while (m.type == IPC_MEDIA_RESUMED);
	if (m.type != IPC_MEDIA_CREATED)
		die("session refused");
	r->ref[i] = m.session;
	for (uint32_t side = 0; side < 2; side++)
		r->leg[2 * i + side].relay.sin_port = htons(m.u.ports.rtp[0][side].port);
}

static void rig_open(struct rig *r, uint32_t sessions)
{
	memset(r, 0, sizeof(*r));
	r->sessions = sessions;
	r->leg = calloc(2 * sessions, sizeof(*r->leg));
	r->pair = calloc(2 * sessions, sizeof(*r->pair));
	r->ref = calloc(sessions, sizeof(*r->ref));
	for (uint32_t i = 0; i < 2 * sessions; i++) {
		struct sockaddr_in a;
		r->leg[i].fd = udp_open(&r->leg[i].self, 31);
		r->pair[i].rtp_fd = udp_open(&a, 32);
		r->pair[i].rtcp_fd = udp_open(&r->leg[i].relay, 33); // multiplexed: this one stays idle
		r->pair[i].rtp = address_of(&a);
		r->leg[i].relay = a;
	}
	r->listener = (struct media_io_listener){r->pair, 2 * sessions};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, r->control) != 0)
		die("socketpair");
}

static void rig_start(struct rig *r, bool ours)
{
	r->pid = fork();
	if (r->pid == 0) {
		on_core(sysconf(_SC_NPROCESSORS_ONLN) - 1);
		ours ? ours_run(r) : idle_run(r);
	}
}

static void rig_close(struct rig *r)
{
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	for (uint32_t i = 0; i < 2 * r->sessions; i++) {
		close(r->leg[i].fd);
		close(r->pair[i].rtp_fd);
		close(r->pair[i].rtcp_fd);
	}
	close(r->control[0]);
	close(r->control[1]);
	free(r->leg);
	free(r->pair);
	free(r->ref);
}

// What the gates of all sessions refused: must be nothing.
static uint64_t refused(struct rig *r)
{
	struct ipc_media m;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->sessions; i++) {
		m = (struct ipc_media){.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_QUERY, .session = r->ref[i]};
		if (send(r->control[0], &m, sizeof(m), 0) < 0 || recv(r->control[0], &m, sizeof(m), 0) < 0)
			die("query");
		for (uint32_t side = 0; side < 2; side++) {
			const struct media_stats *t = &m.u.stats[0][side];
			sum += t->dropped_source + t->dropped_syntax + t->dropped_payload + t->dropped_auth +
			       t->dropped_replay + t->dropped_rate;
		}
	}
	return sum;
}

/* ---- load ---- */

static void leg_send(struct leg *l)
{
	uint8_t p[PACKET] = {0x80, 8};

	l->seq++;
	p[2] = (uint8_t)(l->seq >> 8);
	p[3] = (uint8_t)l->seq;
	p[6] = (uint8_t)(l->seq >> 8);
	p[11] = 7;
	sendto(l->fd, p, sizeof(p), MSG_DONTWAIT, (struct sockaddr *)&l->relay, sizeof(l->relay));
}

static void leg_read(struct leg *l)
{
	uint8_t p[2048];

	while (recv(l->fd, p, sizeof(p), MSG_DONTWAIT) > 0)
		l->received++;
}

struct load {
	double cpu_ns; // per relayed packet
	double loss;
	double rate;
};

// Open loop: what is due by now, one packet per user in turn; what came back is read in between.
static struct load load_run(struct rig *r, double rate, double seconds)
{
	uint64_t total = (uint64_t)(rate * seconds), sent = 0, received = 0, t0, c0, last_read = 0;
	uint32_t next = 0;
	struct load out;

	c0 = cpu_ns(r->pid);
	t0 = clock_ns(CLOCK_MONOTONIC);
	while (sent < total) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC) - t0, due = (uint64_t)((double)now * rate / 1e9);
		if (sent >= due) {
			usleep(100);
		}
		for (; sent < due && sent < total; sent++, next = (next + 1) % (2 * r->sessions))
			leg_send(&r->leg[next]);
		if (now - last_read < 100000000) // ten times a second: reading wakes nobody
			continue;
		last_read = now;
		for (uint32_t i = 0; i < 2 * r->sessions; i++)
			leg_read(&r->leg[i]);
	}
	out.rate = (double)sent * 1e9 / (double)(clock_ns(CLOCK_MONOTONIC) - t0);
	usleep(100000);
	out.cpu_ns = (double)(cpu_ns(r->pid) - c0);
	for (uint32_t i = 0; i < 2 * r->sessions; i++) {
		leg_read(&r->leg[i]);
		received += r->leg[i].received;
	}
	out.cpu_ns /= (double)(received == 0 ? 1 : received);
	out.loss = 100.0 * (1.0 - (double)received / (double)sent);
	return out;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, uint32_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

static double relay_once(uint32_t sessions, double rate, double seconds, bool ours, uint8_t suite, double *loss)
{
	struct load l;
	struct rig r;

	rig_open(&r, sessions);
	rig_start(&r, ours);
	for (uint32_t i = 0; ours && i < sessions; i++)
		session_make(&r, i, suite);
	usleep(100000);
	l = load_run(&r, rate, seconds);
	if (ours && refused(&r) > 0)
		printf("media relay: %llu packets refused\n", (unsigned long long)refused(&r));
	if (l.loss > *loss)
		*loss = l.loss;
	if (l.rate < rate * 0.97)
		printf("media relay: the generator reached only %.0f packets/s of %.0f\n", l.rate, rate);
	rig_close(&r);
	return l.cpu_ns;
}

static void relay_bench(uint32_t sessions, double rate, double seconds, uint32_t runs)
{
	double idle[RUNS_MAX], ours[RUNS_MAX], ratio[RUNS_MAX], loss_idle = 0, loss_ours = 0, i_ns, o_ns;

	for (uint32_t k = 0; k < runs; k++) {
		idle[k] = relay_once(sessions, rate, seconds, false, SUITE_NONE, &loss_idle);
		ours[k] = relay_once(sessions, rate, seconds, true, SUITE_NONE, &loss_ours);
		ratio[k] = ours[k] / idle[k];
	}
	i_ns = median(idle, runs);
	o_ns = median(ours, runs);
	qsort(ratio, runs, sizeof(*ratio), compare);
	printf("media relay sessions=%u pps=%.0f do-nothing_ns=%.0f sallyport_ns=%.0f ratio=%.3f spread=%.3f..%.3f "
	       "loss_pct=%.3f/%.3f runs=%u limit=1.5\n",
		sessions, rate, i_ns, o_ns, o_ns / i_ns, ratio[0], ratio[runs - 1], loss_idle, loss_ours, runs);
}

/* ---- SRTP ---- */

struct tape {
	uint8_t p[256];
	uint32_t len;
};

static void tape_fill(struct tape *t)
{
	for (uint32_t i = 0; i < SRTP_PACKETS; i++) {
		memset(t[i].p, 0x55, PACKET);
		memcpy(t[i].p, "\x80\x08\0\0\0\0\0\0\0\0\1\2", 12);
		t[i].p[2] = (uint8_t)(i >> 8);
		t[i].p[3] = (uint8_t)i;
		t[i].len = PACKET;
	}
}

static void ours_once(const struct media_key *key, struct tape *t, double *protect, double *unprotect)
{
	struct srtp_work *work;
	struct mf_srtp *out, *in;
	struct rtp_header h;
	uint32_t bad = 0;
	uint64_t at[3];

	if (!is_ok(mf_srtp_work_new(&work)) || !is_ok(mf_srtp_new(&out, work, key, SRTP_OUT, NULL, false, &bad)) ||
		!is_ok(mf_srtp_new(&in, work, key, SRTP_IN, NULL, false, &bad)))
		die("srtp");
	at[0] = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < SRTP_PACKETS; i++)
		if (!is_ok(rtp_header_parse(t[i].p, t[i].len, RTP_CLEAR, &h)) ||
			!is_ok(mf_srtp_protect(out, t[i].p, &t[i].len, sizeof(t[i].p), &h)))
			die("protect");
	at[1] = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < SRTP_PACKETS; i++)
		if (!is_ok(rtp_header_parse(t[i].p, t[i].len, RTP_PROTECTED, &h)) ||
			!is_ok(mf_srtp_unprotect(in, t[i].p, &t[i].len, &h)))
			die("unprotect");
	at[2] = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	*protect = (double)(at[1] - at[0]) / SRTP_PACKETS;
	*unprotect = (double)(at[2] - at[1]) / SRTP_PACKETS;
	mf_srtp_free(out);
	mf_srtp_free(in);
	mf_srtp_work_free(work);
}

static void theirs_once(srtp_profile_t profile, uint8_t *key, struct tape *t, double *protect, double *unprotect)
{
	srtp_policy_t policy;
	srtp_t out, in;
	uint64_t at[3];

	memset(&policy, 0, sizeof(policy));
	srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
	srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
	policy.key = key;
	policy.window_size = 128;
	policy.ssrc.type = ssrc_any_outbound;
	if (srtp_create(&out, &policy) != 0)
		die("srtp_create");
	policy.ssrc.type = ssrc_any_inbound;
	if (srtp_create(&in, &policy) != 0)
		die("srtp_create");
	at[0] = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < SRTP_PACKETS; i++)
		if (srtp_protect(out, t[i].p, (int *)&t[i].len) != 0)
			die("srtp_protect");
	at[1] = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < SRTP_PACKETS; i++)
		if (srtp_unprotect(in, t[i].p, (int *)&t[i].len) != 0)
			die("srtp_unprotect");
	at[2] = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	*protect = (double)(at[1] - at[0]) / SRTP_PACKETS;
	*unprotect = (double)(at[2] - at[1]) / SRTP_PACKETS;
	srtp_dealloc(out);
	srtp_dealloc(in);
}

static void srtp_bench(uint32_t runs)
{
	static const struct {
		const char *name;
		uint8_t suite;
		srtp_profile_t profile;
	} row[] = {{"AES_CM_128_HMAC_SHA1_80", SUITE_AES_CM_128_HMAC_SHA1_80, srtp_profile_aes128_cm_sha1_80},
		{"AEAD_AES_128_GCM", SUITE_AEAD_AES_128_GCM, srtp_profile_aead_aes_128_gcm},
		{"AEAD_AES_256_GCM", SUITE_AEAD_AES_256_GCM, srtp_profile_aead_aes_256_gcm}};
	struct tape *t = calloc(SRTP_PACKETS, sizeof(*t));
	uint8_t raw[64];

	for (uint32_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(i * 7 + 1);
	srtp_init();
	for (uint32_t i = 0; i < ARRAY_LEN(row); i++) {
		struct media_key key = {.suite = row[i].suite, .len = srtp_suite_master_len(row[i].suite)};
		double op[RUNS_MAX], ou[RUNS_MAX], tp[RUNS_MAX], tu[RUNS_MAX];
		memcpy(key.master, raw, key.len);
		for (uint32_t k = 0; k < runs; k++) {
			tape_fill(t);
			ours_once(&key, t, &op[k], &ou[k]);
			tape_fill(t);
			theirs_once(row[i].profile, raw, t, &tp[k], &tu[k]);
		}
		printf("media srtp %s protect_ns=%.0f unprotect_ns=%.0f libsrtp2_protect_ns=%.0f libsrtp2_unprotect_ns=%.0f "
		       "runs=%u\n",
			row[i].name, median(op, runs), median(ou, runs), median(tp, runs), median(tu, runs), runs);
	}
	free(t);
}

/* ---- memory ---- */

static void memory_once(uint32_t sessions, uint8_t suite, const char *name)
{
	uint64_t before, after;
	struct rig r;

	rig_open(&r, sessions);
	rig_start(&r, true);
	session_make(&r, 0, suite);
	before = pss_kib(r.pid);
	for (uint32_t i = 1; i < sessions; i++)
		session_make(&r, i, suite);
	for (uint32_t round = 0; round < 3; round++)
		for (uint32_t i = 0; i < 2 * sessions; i++)
			leg_send(&r.leg[i]);
	usleep(300000);
	after = pss_kib(r.pid);
	printf("media memory sessions=%u keying=%s pss_kib_per_session=%.2f limit=6\n", sessions, name,
		(double)(after - before) / (sessions - 1));
	rig_close(&r);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	uint32_t sessions = 200, runs = 5;
	double rate = 20000, seconds = 3;
	struct rlimit files = {30000, 30000};
	int o;

	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	optind = 2;
	while ((o = getopt(argc, argv, "n:r:t:k:")) != -1) {
		uint32_t v = optarg == NULL ? 0 : (uint32_t)strtoul(optarg, NULL, 10);
		if (o == 'n')
			sessions = v;
		else if (o == 'r')
			rate = v;
		else if (o == 't')
			seconds = v;
		else if (o == 'k')
			runs = v;
		else
			return 2;
	}
	if (sessions < 2 || sessions > SESSIONS_MAX || runs < 1 || runs > RUNS_MAX || rate < 1 || seconds > 60)
		return 2;
	on_core(0);
	if (strcmp(what, "relay") == 0)
		relay_bench(sessions, rate, seconds, runs);
	else if (strcmp(what, "srtp") == 0)
		srtp_bench(runs);
	else if (strcmp(what, "memory") == 0) {
		memory_once(sessions, SUITE_NONE, "clear");
		memory_once(sessions, SUITE_AES_CM_128_HMAC_SHA1_80, "AES_CM_128_HMAC_SHA1_80");
		memory_once(sessions, SUITE_AEAD_AES_128_GCM, "AEAD_AES_128_GCM");
	} else {
		fprintf(stderr, "usage: media relay|srtp|memory [-n sessions] [-r packets/s] [-t seconds] [-k runs]\n");
		return 2;
	}
	return 0;
}
