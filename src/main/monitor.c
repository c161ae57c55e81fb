// SPDX-License-Identifier: Apache-2.0
// The monitor: opens sockets, reads files, forks the others and starts again those that die. It holds the
// privileges and parses nothing from strangers.
#include "main/monitor.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/sanitizer.h"
#include "guard/records.h"
#include "guard/sandbox.h"
#include "main/ended.h"
#include "main/media.h"
#include "main/monitor_state.h"
#include "sf/sf.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

_Static_assert((int)CALL_SLOTS_MAX == (int)RECORDS_SLOTS_MAX, "what the configuration admits must start");

static result make_memfds(struct monitor *m)
{
	const struct settings *s = &m->conf.snapshot->settings;
	static const char *const names[CALL_RECORD_KINDS] = {"sallyport-calls", "sallyport-calls-medium", "sallyport-calls-large"};
	uint32_t slots = s->max_calls * m->workers; // a worker may have them all; conf holds it within CALL_SLOTS_MAX
	for (unsigned kind = 0; kind < CALL_RECORD_KINDS; kind++)
		TRY(records_create(names[kind], slots, call_record_octets(kind), &m->calls_fd[kind]));
	TRY(ended_create(&m->ended_fd));
	return media_memfd(m->conf.snapshot, m->workers, &m->sessions_fd);
}

static result block_signals(struct monitor *m)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0, E_SYSTEM);
	m->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return m->signal_fd >= 0 ? OK : FAIL(E_SYSTEM);
}

static result spawn_ready(struct monitor *m, unsigned role)
{
	TRY(monitor_spawn(m, role));
	if (monitor_await_ready(m, role))
		return OK;
	fprintf(stderr, "sallyport: process %s did not become ready; its own message stands above\n", process_role_name(role));
	return FAIL(E_SYSTEM);
}

// A start that fails says why; the other steps of start() do so themselves.
static result told(result r, const char *what)
{
	if (!is_ok(r))
		fprintf(stderr, "sallyport: cannot make %s (%s); smaller `limits` or fewer `workers` need less memory and descriptors\n",
			what, error_name(r.error));
	return r;
}

// Load the configuration, seal it, and let it be what the next children are started with.
static result load(struct monitor *m)
{
	struct conf_result conf;
	int fd = -1;
	TRY(monitor_load(m, NULL, &conf));
	result r = told(monitor_seal(conf.snapshot, conf.size, &fd), "the snapshot");
	if (!is_ok(r)) {
		conf_result_free(&conf);
		return r;
	}
	monitor_put_in_force(m, &conf, fd);
	return OK;
}

// The resolver has its settings in the configuration, and the configuration may hold names: it is read twice.
static result start_resolver(struct monitor *m)
{
	TRY(load(m));
	const struct settings *s = &m->conf.snapshot->settings;
	m->workers = s->workers != 0 ? s->workers : process_cores();
	m->handshake_threads = s->handshake_threads != 0 ? s->handshake_threads : 1;
	TRY(told(channels_open(&m->channels, m->workers, m->handshake_threads), "the channels between processes"));
	TRY(spawn_ready(m, ROLE_RESOLVER));
	monitor_names_learn(m);
	monitor_names_first(m);
	return load(m);
}

static result start(struct monitor *m)
{
	char why[256] = "";
	TRY(told(sandbox_no_dumps(sanitizer_inside()), "the limits of the process")); // it holds the token keys (BE-3)
	TRY(told(monitor_keys_make(m), "the secrets"));
	TRY(told(names_new(&m->names), "the table of names"));
	TRY(told(block_signals(m), "the signal descriptor"));
	TRY(start_resolver(m));
	result r = sockets_open(m->conf.snapshot, m->workers, &m->sockets, why, sizeof(why));
	if (!is_ok(r)) {
		fprintf(stderr, "sallyport: %s\n", why);
		return r;
	}
	TRY(told(make_memfds(m), "the memory of kept calls and sessions"));
	static const unsigned order[] = {ROLE_SIGNER, ROLE_MEDIA, ROLE_DIRECTORY, ROLE_SIGNALLER, ROLE_ADMIN};
	for (uint32_t i = 0; i < ARRAY_LEN(order); i++)
		TRY(spawn_ready(m, order[i]));
	return monitor_has(m, ROLE_PORTAL) ? spawn_ready(m, ROLE_PORTAL) : OK;
}

static void on_signals(struct monitor *m)
{
	struct signalfd_siginfo info;
	while (read(m->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			monitor_reap(m, clock_now().mono_us);
		else if (info.ssi_signo == SIGHUP)
			monitor_reload(m);
		else
			m->stopping = true;
	}
}

enum { WAIT_MAX_MS = 60000 }; // looked at once a minute, whatever was computed

static int wait_ms(const struct monitor *m)
{
	const uint64_t deadlines[] = {monitor_next_restart(m), monitor_publish_deadline(m), monitor_signer_deadline(m),
		monitor_keys_deadline(m), monitor_names_deadline(m), monitor_demand_deadline(m)};
	uint64_t next = NO_DEADLINE, now = clock_now().mono_us;
	for (uint32_t i = 0; i < ARRAY_LEN(deadlines); i++)
		if (deadlines[i] < next)
			next = deadlines[i];
	if (next <= now)
		return 0;
	return next - now >= WAIT_MAX_MS * MS ? WAIT_MAX_MS : (int)((next - now) / MS) + 1;
}

static void turn(struct monitor *m)
{
	struct pollfd p[ROLE_COUNT];
	p[0] = (struct pollfd){.fd = m->signal_fd, .events = POLLIN};
	for (unsigned role = ROLE_SIGNALLER; role < ROLE_COUNT; role++)
		p[role] = (struct pollfd){.fd = m->child[role].control, .events = POLLIN};
	if (poll(p, ROLE_COUNT, wait_ms(m)) < 0 && errno != EINTR)
		m->stopping = true;
	for (unsigned role = ROLE_SIGNALLER; role < ROLE_COUNT; role++)
		if (p[role].fd >= 0 && p[role].revents != 0)
			monitor_request(m, role);
	on_signals(m);
	uint64_t now_us = clock_now().mono_us;
	monitor_restart_due(m, now_us);
	monitor_demand_run(m, now_us);
	monitor_names_run(m, now_us);
	monitor_signer_run(m, now_us);
	monitor_keys_run(m, now_us);
	monitor_publish_run(m, now_us);
}

int monitor_run(const char *config_path, const char *user)
{
	static struct monitor m; // one per process; large
	m = (struct monitor){.config_path = config_path, .user = user, .snapshot_fd = -1, .calls_fd = {-1, -1, -1},
		.ended_fd = -1, .sessions_fd = -1};
	m.swap.next.control = -1;
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		m.child[role].control = -1;
	log_setup("monitor", LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	if (!is_ok(start(&m))) {
		monitor_stop_children(&m);
		return 1;
	}
	log_write(LOG_LEVEL_NOTICE, "monitor.ready", LOG_NUM("workers", m.workers), LOG_NUM("pid", getpid()));
	while (!m.stopping)
		turn(&m);
	monitor_stop_children(&m);
	sockets_close(m.sockets);
	channels_close(&m.channels);
	conf_result_free(&m.conf);
	names_free(m.names);
	memory_wipe(m.token_key, sizeof(m.token_key));
	memory_wipe(m.secret, sizeof(m.secret));
	log_write(LOG_LEVEL_NOTICE, "monitor.stopped", LOG_NUM("pid", getpid()));
	return 0;
}
