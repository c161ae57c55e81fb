// SPDX-License-Identifier: Apache-2.0
// From messages to stream octets. What handlers send in one turn leaves with one system call at its end, over TLS in
// as few records as it fits; a far side that does not read is closed when STREAM_OUT_MAX octets wait for it (SF-A6).
#include "net/stream.h"

#include "base/memory.h"

#include <openssl/err.h>

static result encrypt(struct conn *c)
{
	while (octets_len(&c->plain) > 0) {
		size_t n = 0;
		ERR_clear_error();
		if (SSL_write_ex(c->ssl, c->plain.at + c->plain.from, octets_len(&c->plain), &n) != 1)
			return c->pipe.overflow ? FAIL(E_FULL) : FAIL(E_CLOSED);
		memory_wipe(c->plain.at + c->plain.from, n); // it may have held media keys
		octets_drop(&c->plain, (uint32_t)n);
	}
	return OK;
}

static void broken(struct conn *c, enum error error)
{
	enum net_counter why = error == E_FULL ? NET_STREAM_SLOW_READER
			       : error == E_NO_MEMORY ? NET_NO_MEMORY
						      : NET_STREAM_IO_ERROR;
	conn_close(c, why, error); // half a message may be in the queue: nothing sensible can follow it
}

void conn_encrypt(struct conn *c)
{
	result r = encrypt(c);
	if (is_ok(r))
		return;
	octets_free(&c->plain);
	broken(c, r.error);
}

result conn_write(struct conn *c, struct bytes octets)
{
	REQUIRE(c->state == CONN_OPEN, E_CLOSED);
	uint32_t waits = octets_len(&c->out);
	uint32_t max = waits < STREAM_OUT_MAX ? STREAM_OUT_MAX - waits : 0;
	result r = c->ssl != NULL ? octets_put(&c->plain, octets, max) : octets_put(&c->out, octets, STREAM_OUT_MAX);
	if (is_ok(r)) {
		conn_mark(c);
		return OK;
	}
	broken(c, r.error);
	return r;
}

void conn_flush(struct conn *c)
{
	uint32_t sent = 0;
	conn_encrypt(c);
	if (c->state != CONN_OPEN || c->writing || octets_len(&c->out) == 0)
		return;
	result r = octets_send(&c->out, c->fd, &sent);
	if (sent > 0)
		c->active_us = c->owner->worker->loop.now.mono_us;
	if (r.error == E_AGAIN) {
		c->writing = event_add(&c->writable, NULL) == 0;
		if (c->writing)
			return;
		r = FAIL(E_NO_MEMORY);
	}
	if (!is_ok(r))
		conn_close(c, NET_STREAM_IO_ERROR, E_CLOSED);
}

void stream_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	UNUSED(fd);
	UNUSED(what);
	loop_enter(&c->owner->worker->loop);
	if (c->state == CONN_CONNECTING) {
		stream_on_connected(c);
	} else if (c->state == CONN_OPEN) {
		c->writing = false;
		conn_flush(c);
	}
}
