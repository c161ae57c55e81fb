// SPDX-License-Identifier: Apache-2.0
// The signer process: reads the private key before its sandbox closes, then answers requests for signatures.
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "guard/sandbox.h"
#include "guard/signer.h"
#include "main/control.h"
#include "main/files.h"
#include "main/process.h"
#include "net/net.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 64 * 1024 };

enum { JOURNAL_MS = 60000, TALLY_MS = 1000 }; // how often what was done is written to the log, and told to the monitor

enum { PORTAL_CHANNEL = NET_HANDSHAKERS_MAX, CHANNELS };

struct signing {
	const struct process_start *start;
	struct signer *signer; // NULL: no key is configured, everything is refused
	int channel[CHANNELS]; // of the handshake threads, and of the portal
	bool begun; // the signer before us has ended
	bool stop;
	uint64_t tally[IPC_TALLY_COUNT], written[IPC_TALLY_COUNT];
	uint64_t tell_at_us, write_at_us; // NO_DEADLINE: nothing new
};

// To the log, and to the monitor: who asks for a reload wants to read it.
static void cannot(const struct signing *g, const char *what, const char *mend)
{
	struct ipc_control m = control_make(IPC_CONTROL_CANNOT);
	snprintf(m.text, sizeof(m.text), "tls.key: %.400s %s; %s", g->start->key_path, what, mend);
	fprintf(stderr, "sallyport: %s\n", m.text);
	IGNORE_RESULT(control_send(g->start->control, &m, -1)); // the log has it
}

// Does our key belong to the certificate of the snapshot of FD?
static result fits(const struct signing *g, int fd)
{
	const struct snapshot *s;
	size_t size;
	TRY(process_map_snapshot(fd, &s, &size));
	result r = g->signer == NULL ? OK : signer_fits(g->signer, snapshot_blob(s, s->settings.certificate));
	process_unmap_snapshot(s, size);
	return r;
}

static result load_key(struct signing *g)
{
	uint8_t *pem;
	size_t len;
	if (g->start->key_path[0] == '\0')
		return OK;
	result r = files_read_whole(g->start->key_path, KEY_FILE_MAX, &pem, &len);
	if (!is_ok(r)) {
		cannot(g, r.error == E_TOO_LONG ? "cannot be read (too long)" : "cannot be read", "mend the path or its permissions");
		return r;
	}
	r = signer_new(&g->signer, bytes_make(pem, len));
	memory_wipe(pem, len);
	memory_free(pem);
	if (is_ok(r))
		r = fits(g, g->start->snapshot_fd);
	if (!is_ok(r))
		cannot(g, "is no private key of tls.certificate", "give the pair that belongs together");
	return r;
}

static void on_control(struct signing *g)
{
	struct ipc_control m;
	size_t len;
	int fd;
	result r = control_receive(g->start->control, &m, &len, &fd);
	if (r.error == E_CLOSED || (is_ok(r) && m.type == IPC_CONTROL_STOP))
		g->stop = true;
	if (is_ok(r) && m.type == IPC_CONTROL_BEGIN)
		g->begun = true;
	if (is_ok(r) && m.type == IPC_CONTROL_SNAPSHOT && fd >= 0) // the key stays; the certificate must still be its own
		process_taken(g->start->control, m.generation, fits(g, fd));
	if (is_ok(r) && fd >= 0)
		close(fd);
}

static void count(struct signing *g, const struct tls_sign_answer *a, const struct now *now)
{
	signer_tally(g->tally, a);
	if (g->tell_at_us == NO_DEADLINE)
		g->tell_at_us = now->mono_us + TALLY_MS * MS;
	if (g->write_at_us == NO_DEADLINE)
		g->write_at_us = now->mono_us + JOURNAL_MS * MS;
}

// The journal of the key: how often it was used, and refused, since the line before.
static void journal(struct signing *g)
{
	uint64_t n[IPC_TALLY_COUNT];
	for (uint32_t i = 0; i < IPC_TALLY_COUNT; i++)
		n[i] = g->tally[i] - g->written[i];
	g->write_at_us = NO_DEADLINE;
	if (n[IPC_TALLY_SIGNED] + n[IPC_TALLY_REFUSED] + n[IPC_TALLY_LIMITED] == 0)
		return;
	memcpy(g->written, g->tally, sizeof(g->written));
	log_write(LOG_LEVEL_NOTICE, "signer.journal", LOG_NUM("signed", n[IPC_TALLY_SIGNED]),
		LOG_NUM("refused", n[IPC_TALLY_REFUSED]), LOG_NUM("limited", n[IPC_TALLY_LIMITED]));
}

static void tell(struct signing *g)
{
	struct ipc_control m = control_make(IPC_CONTROL_TALLY);
	g->tell_at_us = NO_DEADLINE;
	memcpy(m.tally, g->tally, sizeof(m.tally));
	IGNORE_RESULT(control_send(g->start->control, &m, -1)); // the next one holds these too
}

static void run_due(struct signing *g)
{
	uint64_t now_us = clock_now().mono_us;
	if (g->tell_at_us <= now_us)
		tell(g);
	if (g->write_at_us <= now_us)
		journal(g);
}

static int wait_ms(const struct signing *g)
{
	uint64_t next = g->tell_at_us < g->write_at_us ? g->tell_at_us : g->write_at_us, now_us = clock_now().mono_us;
	return next == NO_DEADLINE ? -1 : next <= now_us ? 0 : (int)((next - now_us) / MS) + 1;
}

static void on_request(struct signing *g, int *channel)
{
	static struct tls_sign_request q; // 16 KiB, one thread
	struct tls_sign_answer a;
	struct now now = clock_now();
	ssize_t n = recv(*channel, &q, sizeof(q), MSG_DONTWAIT | MSG_TRUNC); // a longer one is none: refused by its length
	if (n == 0) {
		close(*channel);
		*channel = -1;
	}
	if (n <= 0)
		return;
	if (!signer_takes(channel == &g->channel[PORTAL_CHANNEL], q.type))
		q.type = 0;
	if (g->signer != NULL) {
		signer_answer(g->signer, &q, (size_t)n, &now, &a);
	} else {
		a = (struct tls_sign_answer){.version = IPC_SIGNER_VERSION, .type = IPC_SIGNER_TLS_ANSWER,
			.request = q.request, .refused = TLS_SIGN_NO_KEY};
	}
	count(g, &a, &now);
	if (a.refused != TLS_SIGN_OK)
		log_write(LOG_LEVEL_WARNING, "signer.refused", LOG_NUM("why", a.refused), LOG_NUM("scheme", q.scheme));
	if (send(*channel, &a, sizeof(a), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_write(LOG_LEVEL_WARNING, "signer.answer-lost", LOG_NUM("request", a.request));
}

static void turn(struct signing *g)
{
	struct pollfd p[CHANNELS + 1];
	p[0] = (struct pollfd){.fd = g->start->control, .events = POLLIN};
	for (uint32_t i = 0; i < CHANNELS; i++)
		p[i + 1] = (struct pollfd){.fd = g->begun ? g->channel[i] : -1, .events = POLLIN};
	if (poll(p, CHANNELS + 1, wait_ms(g)) < 0)
		return;
	for (uint32_t i = 0; i < CHANNELS; i++)
		if (p[i + 1].fd >= 0 && p[i + 1].revents != 0)
			on_request(g, &g->channel[i]);
	if (p[0].revents != 0)
		on_control(g);
	run_due(g);
}

int signer_main(struct process_start *start)
{
	struct signing g = {.start = start, .tell_at_us = NO_DEADLINE, .write_at_us = NO_DEADLINE};
	for (uint32_t i = 0; i < NET_HANDSHAKERS_MAX; i++)
		g.channel[i] = start->channels->sign[i].end[1];
	g.channel[PORTAL_CHANNEL] = start->channels->portal_sign.end[1];
	if (!is_ok(load_key(&g)) || !is_ok(process_ready(start, NULL, 0)))
		return 1;
	while (!g.stop)
		turn(&g);
	journal(&g);
	signer_free(g.signer);
	return 0;
}
