// SPDX-License-Identifier: Apache-2.0
// What media costs: CPU per relayed packet against a do-nothing relay over as many sockets, SRTP per packet
// against libsrtp2, memory per session.
//
//   media relay [-n sessions] [-r packets/s] [-t seconds] [-k runs]
//   media srtp  [-k runs]
//   media memory [-n sessions]
//
// Everything is on 127.0.0.0/8. The relay runs in a process of its own, pinned to the last core; generator
// and receiver to the first. CPU is the kernel's account of that process; ratios are of runs in turn.
#include "media.h"

#include "base/clock.h"
#include "mf/srtp_suite.h"
#include "base/memory.h"
#include "net/media_io.h"
#include "terms/ipc_media.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
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

enum { SESSIONS_MAX = 2000 };

void bench_die(const char *what)
{
	fprintf(stderr, "media bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t bench_clock_ns(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *v, uint32_t n)
{
	qsort(v, n, sizeof(*v), bench_compare);
	return v[n / 2];
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
		bench_die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u | host)};
	if (bind(fd, (struct sockaddr *)a, sizeof(*a)) != 0)
		bench_die("bind");
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

/* ---- ours ---- */

static void ours_run(const struct rig *r)
{
	struct media_io_config c = {.listener = &r->listener,
		.listener_count = 1,
		.control = &r->control[1],
		.control_count = 1,
		.workers = 1,
		.sessions_max = r->sessions,
		.streams_max = r->sessions};

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
		bench_die("control");
	do {
		if (recv(r->control[0], &m, sizeof(m), 0) != (ssize_t)sizeof(m))
			bench_die("control answer");
	} while (m.type == IPC_MEDIA_RESUMED);
	if (m.type != IPC_MEDIA_CREATED)
		bench_die("session refused");
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
		bench_die("socketpair");
}

static void rig_start(struct rig *r, bool ours)
{
	r->pid = fork();
	if (r->pid == 0) {
		on_core(sysconf(_SC_NPROCESSORS_ONLN) - 1);
		ours ? ours_run(r) : bench_idle_run(r);
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
		m = (struct ipc_media){
			.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_QUERY, .session = r->ref[i]};
		if (send(r->control[0], &m, sizeof(m), 0) < 0 || recv(r->control[0], &m, sizeof(m), 0) < 0)
			bench_die("query");
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
	t0 = bench_clock_ns(CLOCK_MONOTONIC);
	while (sent < total) {
		uint64_t now = bench_clock_ns(CLOCK_MONOTONIC) - t0,
			 due = (uint64_t)((double)now * rate / 1e9);
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
	out.rate = (double)sent * 1e9 / (double)(bench_clock_ns(CLOCK_MONOTONIC) - t0);
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

static double relay_once(
	uint32_t sessions, double rate, double seconds, bool ours, uint8_t suite, double *loss)
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
	i_ns = bench_median(idle, runs);
	o_ns = bench_median(ours, runs);
	qsort(ratio, runs, sizeof(*ratio), bench_compare);
	printf("media relay sessions=%u pps=%.0f do-nothing_ns=%.0f sallyport_ns=%.0f ratio=%.3f "
	       "spread=%.3f..%.3f "
	       "loss_pct=%.3f/%.3f runs=%u limit=1.5\n",
		sessions, rate, i_ns, o_ns, o_ns / i_ns, ratio[0], ratio[runs - 1], loss_idle, loss_ours,
		runs);
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
	if (sessions < 2 || sessions > SESSIONS_MAX || runs < 1 || runs > RUNS_MAX || rate < 1 ||
		seconds > 60)
		return 2;
	on_core(0);
	if (strcmp(what, "relay") == 0)
		relay_bench(sessions, rate, seconds, runs);
	else if (strcmp(what, "srtp") == 0)
		bench_srtp(runs);
	else if (strcmp(what, "memory") == 0) {
		memory_once(sessions, SUITE_NONE, "clear");
		memory_once(sessions, SUITE_AES_CM_128_HMAC_SHA1_80, "AES_CM_128_HMAC_SHA1_80");
		memory_once(sessions, SUITE_AEAD_AES_128_GCM, "AEAD_AES_128_GCM");
	} else {
		fprintf(stderr, "usage: media relay|srtp|memory [-n sessions] [-r packets/s] [-t seconds] "
				"[-k runs]\n");
		return 2;
	}
	return 0;
}
