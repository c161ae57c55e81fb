// SPDX-License-Identifier: Apache-2.0
// From messages to stream octets. What handlers send in one turn leaves with one system call at its end; a
// far side that does not read is closed when STREAM_OUT_MAX octets wait for it (SF-A6).
#include "net/stream.h"

#include <openssl/err.h>

static result encrypt(struct conn *c, struct bytes octets)
{
	size_t done = 0;
	while (done < octets.len) {
		size_t n = 0;
		ERR_clear_error();
		if (SSL_write_ex(c->ssl, octets.at + done, octets.len - done, &n) != 1)
			return c->pipe.overflow ? FAIL(E_FULL) : FAIL(E_CLOSED);
		done += n;
	}
	return OK;
}

result conn_write(struct conn *c, struct bytes octets)
{
	REQUIRE(c->state == CONN_OPEN, E_CLOSED);
	result r = c->ssl != NULL ? encrypt(c, octets) : octets_put(&c->out, octets, STREAM_OUT_MAX);
	if (is_ok(r)) {
		conn_mark(c);
		return OK;
	}
	enum net_counter why = r.error == E_FULL ? NET_STREAM_SLOW_READER
			       : r.error == E_NO_MEMORY ? NET_NO_MEMORY
							: NET_STREAM_IO_ERROR;
	conn_close(c, why, r.error); // half a message may be in the queue: nothing sensible can follow it
	return r;
}

void conn_flush(struct conn *c)
{
	uint32_t sent = 0;
	if (c->writing || octets_len(&c->out) == 0)
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
