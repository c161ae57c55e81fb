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
#include <sys/socket.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 64 * 1024 };

struct signing {
	const struct process_start *start;
	struct signer *signer; // NULL: no key is configured, everything is refused
	int channel[NET_HANDSHAKERS_MAX];
	bool stop;
};

static result load_key(struct signing *g)
{
	uint8_t *pem;
	size_t len, size;
	const struct snapshot *s;
	if (g->start->key_path[0] == '\0')
		return OK;
	result r = files_read_whole(g->start->key_path, KEY_FILE_MAX, &pem, &len);
	if (!is_ok(r)) {
		fprintf(stderr, "sallyport: tls.key: %s cannot be read: %s; mend the path or its permissions\n",
			g->start->key_path, error_name(r.error));
		return r;
	}
	r = signer_new(&g->signer, bytes_make(pem, len));
	memory_wipe(pem, len);
	memory_free(pem);
	if (is_ok(r) && is_ok(process_map_snapshot(g->start->snapshot_fd, &s, &size))) {
		r = signer_fits(g->signer, snapshot_blob(s, s->settings.certificate));
		process_unmap_snapshot(s, size);
	}
	if (!is_ok(r))
		fprintf(stderr, "sallyport: tls.key: %s is no private key of tls.certificate; give the pair that belongs "
			"together\n", g->start->key_path);
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
	if (is_ok(r) && fd >= 0)
		close(fd); // a snapshot: nothing in it concerns the key that is loaded
}

static void on_request(struct signing *g, int *channel)
{
	static struct tls_sign_request q; // 16 KiB, one thread
	struct tls_sign_answer a;
	struct now now = clock_now();
	ssize_t n = recv(*channel, &q, sizeof(q), MSG_DONTWAIT);
	if (n == 0) {
		close(*channel);
		*channel = -1;
	}
	if (n <= 0)
		return;
	if (g->signer != NULL) {
		signer_answer(g->signer, &q, (size_t)n, &now, &a);
	} else {
		a = (struct tls_sign_answer){.version = IPC_SIGNER_VERSION, .type = IPC_SIGNER_TLS_ANSWER,
			.request = q.request, .refused = TLS_SIGN_NO_KEY};
	}
	if (a.refused != TLS_SIGN_OK)
		log_write(LOG_LEVEL_WARNING, "signer.refused", LOG_NUM("why", a.refused), LOG_NUM("scheme", q.scheme));
	if (send(*channel, &a, sizeof(a), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_write(LOG_LEVEL_WARNING, "signer.answer-lost", LOG_NUM("request", a.request));
}

static void turn(struct signing *g)
{
	struct pollfd p[NET_HANDSHAKERS_MAX + 1];
	p[0] = (struct pollfd){.fd = g->start->control, .events = POLLIN};
	for (uint32_t i = 0; i < NET_HANDSHAKERS_MAX; i++)
		p[i + 1] = (struct pollfd){.fd = g->channel[i], .events = POLLIN};
	if (poll(p, NET_HANDSHAKERS_MAX + 1, -1) < 0)
		return;
	for (uint32_t i = 0; i < NET_HANDSHAKERS_MAX; i++)
		if (p[i + 1].fd >= 0 && p[i + 1].revents != 0)
			on_request(g, &g->channel[i]);
	if (p[0].revents != 0)
		on_control(g);
}

int signer_main(struct process_start *start)
{
	struct signing g = {.start = start};
	for (uint32_t i = 0; i < NET_HANDSHAKERS_MAX; i++)
		g.channel[i] = start->channels->sign[i].end[1];
	if (!is_ok(load_key(&g)) || !is_ok(process_ready(start, NULL, 0)))
		return 1;
	while (!g.stop)
		turn(&g);
	signer_free(g.signer);
	return 0;
}
