// SPDX-License-Identifier: Apache-2.0
// From stream octets to whole messages.
//
// Octets are read into memory that all connections share, and a message that lies there whole is handed up
// where it lies. Only the beginning of an unfinished one is kept: at most STREAM_HEAD_MAX until the framer
// knows its length, then exactly that length, which the framer has found to be within the limit (SF-A6).
// Between messages, CRLF is a keep-alive (RFC5626#4.4.1).
#include "net/stream.h"

#include "base/memory.h"

#include <errno.h>
#include <openssl/err.h>

void stream_input_free(struct stream_input *in)
{
	memory_free(in->at);
	in->at = NULL;
	in->len = in->size = in->need = 0;
}

static void answer_ping(struct conn *c)
{
	struct net_counters *k = conn_counters(c);
	net_count(k, NET_STREAM_PING, 1);
	if (gcra_admit(&c->pings, c->owner->ping_rate, c->owner->worker->loop.now.mono_us))
		IGNORE_RESULT(conn_write(c, BYTES("\r\n"))); // conn_write closes and counts by itself
	else
		net_count(k, NET_STREAM_PING_FLOOD, 1);
}

// One CRLF alone: the answer to a ping of ours. Two that come one after the other are no ping of theirs.
static void heard_pong(struct conn *c)
{
	c->in.crlf = false;
	if (c->pinged_us == 0)
		return;
	c->pinged_us = 0;
	c->pongs = true;
	net_count(conn_counters(c), NET_STREAM_PONG, 1);
}

// Skip keep-alives at the front; returns how many octets. A CR that no LF follows is no SIP.
static uint32_t skip_keepalives(struct conn *c, const uint8_t *octets, uint32_t n)
{
	struct stream_input *in = &c->in;
	uint32_t i = 0;
	for (; i < n && c->state == CONN_OPEN; i++) {
		if (in->cr) {
			if (octets[i] != '\n') {
				conn_close(c, NET_STREAM_BAD_FRAME, E_FRAMING);
				break;
			}
			in->cr = false;
			if (in->crlf)
				answer_ping(c);
			in->crlf = !in->crlf;
		} else if (octets[i] == '\r') {
			in->cr = true;
		} else {
			if (in->crlf)
				heard_pong(c);
			break;
		}
	}
	return i;
}

// Length of the message at the front, of which the first SEEN octets were measured before; 0: not known yet, or the
// connection is closed.
static uint32_t measure(struct conn *c, const uint8_t *octets, uint32_t n, uint32_t seen)
{
	struct net_worker *w = c->owner->worker;
	uint32_t max = w->net->config.message_max, length = 0;
	result r = w->handlers.frame(octets, n, seen, max, &length);
	if (is_ok(r) && length >= 1 && length <= max)
		return length;
	if (r.error != E_AGAIN)
		conn_close(c, NET_STREAM_BAD_FRAME, E_FRAMING);
	else if (n >= STREAM_HEAD_MAX)
		conn_close(c, NET_STREAM_TOO_LONG, E_TOO_LONG);
	return 0;
}

static void hand_up(struct conn *c, uint8_t *octets, uint32_t n)
{
	struct net_worker *w = c->owner->worker;
	net_count(&w->counters, NET_STREAM_RECEIVED, 1);
	w->handlers.receive(w->handlers.ctx, octets, n, &c->origin, &w->loop.now);
}

// Keep N octets of an unfinished message; ROOM is what it may grow to now.
static bool keep(struct conn *c, const uint8_t *octets, uint32_t n, uint32_t room)
{
	struct stream_input *in = &c->in;
	if (in->len + n > in->size) {
		uint32_t size = in->need != 0 ? in->need : 2 * (in->len + n);
		size = size < room ? size : room;
		uint8_t *at = memory_alloc(size);
		if (at == NULL) {
			conn_close(c, NET_NO_MEMORY, E_NO_MEMORY);
			return false;
		}
		if (in->len > 0)
			memcpy(at, in->at, in->len);
		memory_free(in->at);
		in->at = at;
		in->size = size;
	}
	memcpy(in->at + in->len, octets, n);
	in->len += n;
	if (c->begun_us == 0) {
		c->begun_us = c->owner->worker->loop.now.mono_us;
		conn_arm(c);
	}
	return true;
}

// Nothing is kept: a message begins at OCTETS. Returns how many octets are done with.
static uint32_t take_fresh(struct conn *c, uint8_t *octets, uint32_t n)
{
	uint32_t skipped = skip_keepalives(c, octets, n);
	if (skipped > 0 || c->state != CONN_OPEN)
		return skipped;
	uint32_t length = measure(c, octets, n, 0);
	if (c->state != CONN_OPEN)
		return n;
	if (length != 0 && length <= n) {
		c->begun_us = 0;
		hand_up(c, octets, length);
		return length;
	}
	uint32_t now = n;
	if (length == 0 && now > STREAM_HEAD_MAX)
		now = STREAM_HEAD_MAX;
	c->in.need = length;
	keep(c, octets, now, length != 0 ? length : STREAM_HEAD_MAX);
	return now;
}

static void finish_kept(struct conn *c, uint32_t length)
{
	uint8_t *at = c->in.at;
	c->in.at = NULL;
	stream_input_free(&c->in);
	c->begun_us = 0;
	hand_up(c, at, length);
	memory_free(at);
}

// A message is under way: add to it. Returns how many of the N octets it took.
static uint32_t take_more(struct conn *c, const uint8_t *octets, uint32_t n)
{
	struct stream_input *in = &c->in;
	uint32_t limit = in->need != 0 ? in->need : STREAM_HEAD_MAX;
	uint32_t before = in->len;
	uint32_t add = n < limit - before ? n : limit - before;
	if (!keep(c, octets, add, limit))
		return n;
	if (in->need == 0) {
		in->need = measure(c, in->at, in->len, before);
		if (c->state != CONN_OPEN)
			return n;
		if (in->need != 0 && in->need < before) { // it was not whole before, so it cannot end there
			conn_close(c, NET_IMPOSSIBLE, E_FRAMING);
			return n;
		}
	}
	if (in->need == 0 || in->len < in->need)
		return add;
	uint32_t length = in->need;
	finish_kept(c, length);
	return length - before;
}

void stream_take(struct conn *c, uint8_t *octets, uint32_t n)
{
	c->active_us = c->owner->worker->loop.now.mono_us;
	uint32_t i = 0;
	while (i < n && c->state == CONN_OPEN)
		i += c->in.len == 0 ? take_fresh(c, octets + i, n - i) : take_more(c, octets + i, n - i);
	if (c->pinged_us != 0 && c->in.crlf && !c->in.cr)
		heard_pong(c);
	c->pinged_us = 0; // whatever came, the far side lives
}

void stream_decrypt(struct conn *c, struct bytes cipher)
{
	struct streams *s = c->owner;
	c->pipe.in = cipher;
	// Asked only while something is left: for each record that ends with its segment a second call would find nothing.
	while (c->state == CONN_OPEN && (c->pipe.in.len > 0 || SSL_has_pending(c->ssl))) {
		size_t n = 0;
		ERR_clear_error();
		if (SSL_read_ex(c->ssl, s->plain, sizeof(s->plain), &n) == 1) {
			stream_take(c, s->plain, (uint32_t)n);
			continue;
		}
		int what = SSL_get_error(c->ssl, 0);
		if (what == SSL_ERROR_ZERO_RETURN)
			conn_close(c, NET_STREAM_FAR_CLOSED, E_CLOSED);
		else if (what != SSL_ERROR_WANT_READ)
			conn_close(c, NET_TLS_RECORD_ERROR, E_AUTH);
		break;
	}
	c->pipe.in = (struct bytes){NULL, 0};
	if (octets_len(&c->out) > 0) // a key update or an alert
		conn_mark(c);
}

// Returns false when there is nothing more to read now.
static bool read_once(struct conn *c)
{
	struct streams *s = c->owner;
	ssize_t n = recv(c->fd, s->cipher, sizeof(s->cipher), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0) {
		conn_close(c, NET_STREAM_IO_ERROR, E_CLOSED);
	} else if (n == 0) {
		conn_close(c, NET_STREAM_FAR_CLOSED, E_CLOSED);
	} else if (c->ssl != NULL) {
		stream_decrypt(c, bytes_make(s->cipher, (size_t)n));
	} else {
		stream_take(c, s->cipher, (uint32_t)n);
	}
	return n == (ssize_t)sizeof(s->cipher) && c->state == CONN_OPEN;
}

void stream_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	UNUSED(fd);
	UNUSED(what);
	loop_enter(&c->owner->worker->loop);
	for (uint32_t i = 0; i < STREAM_READ_ROUNDS && c->state == CONN_OPEN && read_once(c); i++)
		continue;
}
