// SPDX-License-Identifier: Apache-2.0
// A plain growing buffer. What is taken from the front is moved away only when room is needed.
#include "net/octets.h"

#include "base/memory.h"

#include <errno.h>
#include <sys/socket.h>

static const uint32_t FIRST_SIZE = 2048; // [octets] most SIP messages

static result grow(struct octets *o, uint32_t need)
{
	uint32_t size = o->size < FIRST_SIZE ? FIRST_SIZE : o->size;
	while (size < need)
		size *= 2;
	uint8_t *at = memory_alloc(size);
	REQUIRE(at != NULL, E_NO_MEMORY);
	uint32_t len = octets_len(o);
	if (len > 0)
		memcpy(at, o->at + o->from, len);
	memory_free(o->at);
	*o = (struct octets){at, 0, len, size};
	return OK;
}

result octets_put(struct octets *o, struct bytes b, uint32_t max)
{
	uint32_t len = octets_len(o);
	REQUIRE(len <= max && b.len <= max - len && max <= UINT32_MAX / 4, E_FULL);
	uint32_t n = (uint32_t)b.len;
	if (n > o->size - o->to) {
		if (n <= o->size - len && o->from > 0) {
			memmove(o->at, o->at + o->from, len);
			o->from = 0;
			o->to = len;
		} else {
			TRY(grow(o, len + n));
		}
	}
	if (n > 0)
		memcpy(o->at + o->to, b.at, n);
	o->to += n;
	return OK;
}

void octets_drop(struct octets *o, uint32_t n)
{
	o->from += n < octets_len(o) ? n : octets_len(o);
	if (o->from < o->to)
		return;
	o->from = o->to = 0;
	if (o->size > OCTETS_KEEP)
		octets_free(o);
}

void octets_free(struct octets *o)
{
	memory_free(o->at);
	*o = (struct octets){0};
}

result octets_send(struct octets *o, int fd, uint32_t *sent)
{
	*sent = 0;
	while (octets_len(o) > 0) {
		ssize_t n = send(fd, o->at + o->from, octets_len(o), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return FAIL(E_AGAIN);
		REQUIRE(n > 0, E_CLOSED);
		*sent += (uint32_t)n;
		octets_drop(o, (uint32_t)n);
	}
	return OK;
}
