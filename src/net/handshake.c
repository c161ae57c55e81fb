// SPDX-License-Identifier: Apache-2.0
// Driving handshakes. Whatever goes wrong has a counter; the far side hears the alert that OpenSSL wrote, and
// then the end of the connection.
#include "net/handshake.h"

#include "base/memory.h"
#include "net/worker.h"

#include <errno.h>
#include <openssl/err.h>
#include <unistd.h>

static void unwatch(struct handshake *h)
{
	if (!h->watched)
		return;
	event_del(&h->readable);
	event_del(&h->writable);
	h->watched = false;
}

void handshake_free(struct handshake *h, struct net *n)
{
	if (h == NULL)
		return;
	SSL_free(h->ssl);
	octets_free(&h->out);
	octets_free(&h->leftover);
	if (h->fd >= 0)
		close(h->fd);
	if (h->capped)
		caps_give(n->caps, &h->origin.remote);
	memory_free(h);
}

static void link_in(struct handshaker *t, struct handshake *h)
{
	h->thread = t;
	h->prev = NULL;
	h->next = t->first;
	if (t->first != NULL)
		t->first->prev = h;
	t->first = h;
	t->live++;
}

static void link_out(struct handshaker *t, struct handshake *h)
{
	if (h->prev != NULL)
		h->prev->next = h->next;
	else
		t->first = h->next;
	if (h->next != NULL)
		h->next->prev = h->prev;
	h->next = h->prev = NULL;
	t->live--;
}

// Out of this thread, back to the worker; if the worker's mailbox is full the connection is given up.
static void send_home(struct handshake *h)
{
	struct handshaker *t = h->thread;
	unwatch(h);
	timer_cancel(t->loop.wheel, &h->timer);
	link_out(t, h);
	if (h->ssl != NULL) {
		SSL_set_app_data(h->ssl, NULL);
		tls_pipe_exchange(h->ssl, NULL);
	}
	if (h->failed && h->fd >= 0) { // the worker needs no descriptor to hear of a failure
		close(h->fd);
		h->fd = -1;
	}
	bool nobody_waits = h->failed && h->conn.generation == 0;
	h->mail.deliver = h->done;
	if (nobody_waits || !is_ok(loop_post(h->home, &h->mail, &t->counters)))
		handshake_free(h, t->net);
}

static void fail(struct handshake *h, enum net_counter why)
{
	uint32_t sent;
	net_count(&h->thread->counters, why, 1);
	h->failed = true;
	if (h->fd >= 0)
		IGNORE_RESULT(octets_send(&h->out, h->fd, &sent)); // the alert; a deaf far side need not hear it
	send_home(h);
}

static void on_deadline(struct timer *timer, const struct now *now)
{
	struct handshake *h = caa_container_of(timer, struct handshake, timer);
	UNUSED(now);
	fail(h, NET_TLS_TIMEOUT);
}

// Why did OpenSSL give up? The claim knows, unless it was never asked.
static enum net_counter why_failed(const struct handshake *h)
{
	if (h->claim.why != NET_COUNTER_COUNT)
		return h->claim.why;
	unsigned long e = ERR_peek_error();
	if (ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return NET_TLS_NO_CERTIFICATE;
	return h->pipe.ended ? NET_TLS_FAR_CLOSED : NET_TLS_PROTOCOL;
}

static void known(struct handshake *h)
{
	h->origin.tls_peer = h->claim.peer;
	net_count(&h->thread->counters, NET_TLS_DONE, 1);
	send_home(h);
}

// Is he a peer by now? The handshake's deadline holds for this too.
static void on_look(struct timer *timer, const struct now *now)
{
	struct handshake *h = caa_container_of(timer, struct handshake, timer);
	struct handshaker *t = h->thread;
	struct registry *r = holder_get(&t->net->holder);
	if (now->mono_us >= h->deadline_us || r == NULL || !is_ok(tls_refresh(t->tls, r)) || !is_ok(tls_prove_again(t->tls, h->ssl, &h->claim)))
		fail(h, NET_TLS_NAME_OF_NOBODY);
	else if (h->claim.peer != PEER_NONE)
		known(h);
	else
		timer_arm(t->loop.wheel, &h->timer, now->mono_us + HANDSHAKE_LOOK_MS * MS, on_look);
}

// His certificate is good, his domain nobody's, and a peer on demand takes it (RFC6405). Nothing more is read until he is a peer.
static void park(struct handshake *h)
{
	struct handshaker *t = h->thread;
	unwatch(h);
	h->pipe.in = (struct bytes){NULL, 0};
	net_count(&t->counters, NET_TLS_ON_DEMAND, 1);
	t->net->config.demand(t->net->config.demand_ctx, h->claim.demand, h->claim.domain);
	timer_cancel(t->loop.wheel, &h->timer);
	timer_arm(t->loop.wheel, &h->timer, t->loop.now.mono_us + HANDSHAKE_LOOK_MS * MS, on_look);
}

static void finish(struct handshake *h)
{
	if (h->claim.peer == PEER_NONE && h->claim.demand == PEER_NONE) { // impossible: the callback refuses it
		fail(h, NET_IMPOSSIBLE);
		return;
	}
	if (h->pipe.in.len > 0 && !is_ok(octets_put(&h->leftover, h->pipe.in, HANDSHAKE_IN_MAX))) {
		fail(h, NET_NO_MEMORY);
		return;
	}
	if (h->claim.peer == PEER_NONE)
		park(h);
	else
		known(h);
}

static void want_write(struct handshake *h, bool on)
{
	if (on)
		event_add(&h->writable, NULL);
	else
		event_del(&h->writable);
}

// One step with what lies in the pipe. False when the handshake has left this thread.
static bool step(struct handshake *h)
{
	uint32_t sent;
	ERR_clear_error();
	int n = SSL_do_handshake(h->ssl);
	int what = n == 1 ? SSL_ERROR_NONE : SSL_get_error(h->ssl, n);
	if (n != 1 && (what != SSL_ERROR_WANT_READ || h->pipe.ended || h->pipe.overflow)) {
		fail(h, why_failed(h));
		return false;
	}
	result r = octets_send(&h->out, h->fd, &sent);
	if (!is_ok(r) && r.error != E_AGAIN) {
		fail(h, NET_TLS_FAR_CLOSED);
		return false;
	}
	want_write(h, r.error == E_AGAIN);
	if (n == 1) { // what still waits to be written goes along to the worker
		finish(h);
		return false;
	}
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct handshake *h = arg;
	struct handshaker *t = h->thread;
	UNUSED(what);
	loop_enter(&t->loop);
	ssize_t n = recv(fd, t->scratch, sizeof(t->scratch), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	h->pipe.ended = n <= 0;
	h->pipe.in = bytes_make(t->scratch, n > 0 ? (size_t)n : 0);
	h->received += (uint32_t)h->pipe.in.len;
	struct registry *r = holder_get(&t->net->holder);
	if (r == NULL || !is_ok(tls_refresh(t->tls, r)))
		fail(h, NET_TLS_NO_CONTEXT);
	else if (h->received > HANDSHAKE_IN_MAX)
		fail(h, NET_TLS_PROTOCOL);
	else if (step(h))
		h->pipe.in = (struct bytes){NULL, 0}; // the scratch is the next one's
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct handshake *h = arg;
	uint32_t sent;
	UNUSED(fd);
	UNUSED(what);
	loop_enter(&h->thread->loop);
	result r = octets_send(&h->out, h->fd, &sent);
	if (r.error == E_AGAIN)
		want_write(h, true);
	else if (!is_ok(r))
		fail(h, NET_TLS_FAR_CLOSED);
}

static bool watch(struct handshake *h)
{
	struct loop *l = &h->thread->loop;
	if (event_assign(&h->readable, l->base, h->fd, EV_READ | EV_PERSIST, on_readable, h) != 0 ||
		event_assign(&h->writable, l->base, h->fd, EV_WRITE, on_writable, h) != 0)
		return false;
	h->watched = true;
	return event_add(&h->readable, NULL) == 0;
}

static void begin(struct handshake *h)
{
	struct handshaker *t = h->thread;
	struct registry *r = holder_get(&t->net->holder);
	h->claim.peer = h->claim.demand = PEER_NONE;
	h->claim.may_demand = !h->claim.server && t->net->config.demand != NULL;
	h->claim.why = NET_COUNTER_COUNT;
	h->claim.remote = h->origin.remote;
	h->claim.zone = h->origin.zone;
	h->pipe = (struct tls_pipe){.out = &h->out, .out_max = HANDSHAKE_OUT_MAX};
	if (r == NULL || !is_ok(tls_refresh(t->tls, r))) {
		fail(h, NET_TLS_NO_CONTEXT);
		return;
	}
	if (!is_ok(tls_session_new(t->tls, &h->pipe, &h->claim, h->server_name, &h->ssl)) || !watch(h)) {
		fail(h, NET_NO_MEMORY);
		return;
	}
	net_count(&t->counters, NET_TLS_STARTED, 1);
	timer_arm(t->loop.wheel, &h->timer, h->deadline_us, on_deadline);
	if (h->claim.server)
		step(h); // we speak first
}

static void arrive(struct mail *m, void *ctx)
{
	struct handshake *h = caa_container_of(m, struct handshake, mail);
	struct handshaker *t = caa_container_of(ctx, struct handshaker, loop);
	link_in(t, h);
	if (t->live > HANDSHAKES_MAX || loop_stopped(&t->loop))
		fail(h, NET_TLS_HANDSHAKES_FULL);
	else
		begin(h);
}

result handshake_start(struct handshaker *t, struct handshake *h, struct net_counters *counters)
{
	h->mail.deliver = arrive;
	return loop_post(&t->loop, &h->mail, counters);
}

result handshaker_init(struct handshaker *h, struct net *n, const struct keyless_signer *signer, BIO_METHOD *method)
{
	h->net = n;
	h->signer = *signer;
	TRY(loop_init(&h->loop, &h->counters, &n->holder));
	return tls_new(&h->tls, &h->signer, method);
}

void handshaker_end(struct handshaker *h)
{
	while (h->first != NULL) {
		struct handshake *one = h->first;
		unwatch(one);
		timer_cancel(h->loop.wheel, &one->timer);
		link_out(h, one);
		handshake_free(one, h->net);
	}
	loop_end(&h->loop);
	tls_free(h->tls);
	h->tls = NULL;
}
