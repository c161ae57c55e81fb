// SPDX-License-Identifier: Apache-2.0
// UDP sockets of the roles, and the bounds of a probe: packets, pace and time hold for all roles together.
#include "audit/inside.h"
#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

result audit_end_open(struct audit_end *e, const struct address *local)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(local, &sa);

	*e = (struct audit_end){.fd = -1, .local = *local};
	e->in = memory_alloc(AUDIT_INBOX_MAX);
	e->log = memory_alloc(AUDIT_LOG_MAX);
	REQUIRE(e->in != NULL && e->log != NULL, E_NO_MEMORY);
	e->fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	REQUIRE(e->fd >= 0, E_SYSTEM);
	REQUIRE(bind(e->fd, (struct sockaddr *)&sa, len) == 0, E_SYSTEM);
	len = sizeof(sa);
	REQUIRE(getsockname(e->fd, (struct sockaddr *)&sa, &len) == 0, E_SYSTEM);
	return address_from_sockaddr((struct sockaddr *)&sa, len, &e->local);
}

void audit_end_close(struct audit_end *e)
{
	if (e->fd >= 0)
		(void)close(e->fd); // nothing is lost: datagrams
	memory_free(e->in);
	memory_free(e->log);
	*e = (struct audit_end){.fd = -1};
}

uint64_t audit_random(struct audit *a) // xorshift64*: the same in every run of a seed
{
	a->random ^= a->random >> 12;
	a->random ^= a->random << 25;
	a->random ^= a->random >> 27;
	return a->random * 2685821657736338717ull;
}

bool audit_time_left(struct audit *a)
{
	if (clock_now().mono_us < a->until_us)
		return true;
	a->spent = true;
	return false;
}

void audit_pause(struct audit *a, uint32_t ms)
{
	uint64_t now = clock_now().mono_us, end = now + ms * MS;

	for (end = end < a->until_us ? end : a->until_us; now < end; now = clock_now().mono_us)
		(void)poll(NULL, 0, (int)((end - now) / MS) + 1); // early return is seen by the clock
}

bool audit_send(struct audit *a, struct audit_end *e, const struct address *to, const void *octets, uint32_t n)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(to, &sa);

	if (e->fd < 0)
		return false;
	if (a->packets >= a->s->packets || !audit_time_left(a)) {
		a->spent = true;
		return false;
	}
	uint64_t now = clock_now().mono_us;
	if (now < a->next_us)
		audit_pause(a, (uint32_t)((a->next_us - now) / MS));
	a->next_us = (now > a->next_us ? now : a->next_us) + SECOND / a->s->rate;
	a->packets++;
	e->sent += n;
	ssize_t sent = sendto(e->fd, octets, n, 0, (struct sockaddr *)&sa, len);
	if (sent < 0 && errno == ECONNREFUSED) // an ICMP of an earlier datagram: this one has not left
		sent = sendto(e->fd, octets, n, 0, (struct sockaddr *)&sa, len);
	return sent == (ssize_t)n;
}

static void keep(struct audit_end *e)
{
	if (!e->logging || e->in_len > AUDIT_LOG_MAX - e->log_len)
		return;
	memcpy(e->log + e->log_len, e->in, e->in_len);
	e->log_len += e->in_len;
}

bool audit_receive(struct audit *a, struct audit_end *e, uint32_t ms)
{
	uint64_t now = clock_now().mono_us, end = now + ms * MS;
	struct sockaddr_storage sa;
	struct sip_fault fault;

	end = end < a->until_us ? end : a->until_us;
	if (e->fd < 0)
		return false;
	for (;;) {
		socklen_t len = sizeof(sa);
		ssize_t n = recvfrom(e->fd, e->in, AUDIT_INBOX_MAX, 0, (struct sockaddr *)&sa, &len);
		if (n >= 0 && is_ok(address_from_sockaddr((struct sockaddr *)&sa, len, &e->from))) {
			e->in_len = (uint32_t)n;
			e->received += (uint32_t)n;
			keep(e);
			e->parsed = is_ok(sip_msg_parse(&e->msg, e->in, e->in_len, &fault));
			return true;
		}
		now = clock_now().mono_us;
		if (now >= end)
			return false;
		struct pollfd p = {.fd = e->fd, .events = POLLIN};
		(void)poll(&p, 1, (int)((end - now) / MS) + 1); // the loop looks again whatever it says
	}
}

static void answer_options(struct audit *a, struct audit_end *e)
{
	char buf[AUDIT_MESSAGE_MAX];
	struct audit_text t;

	if (!e->parsed || !e->msg.is_request || e->msg.method != SIP_OPTIONS || e == &a->end[AUDIT_STRANGER])
		return;
	audit_text_init(&t, buf, sizeof(buf));
	if (audit_response_write(&e->msg, 200, "OK", "audit", NULL, NULL, &t))
		(void)audit_send(a, e, &e->from, t.at, t.len); // it will ask again
}

uint32_t audit_drain(struct audit *a, struct audit_end *e, uint32_t wait_ms)
{
	uint64_t end = clock_now().mono_us + wait_ms * MS;
	uint32_t n = 0;

	for (uint64_t now = 0; (now = clock_now().mono_us) <= end; n++) {
		if (!audit_receive(a, e, (uint32_t)((end - now) / MS)))
			break;
		answer_options(a, e);
	}
	return n;
}

static bool wanted(const struct audit_end *e, const char *method, unsigned least, unsigned most, const char *call_id)
{
	const struct sip_msg *m = &e->msg;

	if (!e->parsed || (call_id != NULL && !bytes_equal(sip_bytes(m, m->call_id), bytes_of_string(call_id))))
		return false;
	if (method != NULL)
		return m->is_request && bytes_equal(sip_bytes(m, m->method_name), bytes_of_string(method));
	return !m->is_request && m->status >= least && m->status <= most;
}

bool audit_await(struct audit *a, struct audit_end *e, const char *method, unsigned least, unsigned most,
	const char *call_id, uint32_t ms)
{
	uint64_t end = clock_now().mono_us + ms * MS;

	for (;;) {
		uint64_t now = clock_now().mono_us;
		if (!audit_receive(a, e, now < end ? (uint32_t)((end - now) / MS) : 0))
			return false;
		if (wanted(e, method, least, most, call_id))
			return true;
		answer_options(a, e);
	}
}

void audit_begin(struct audit *a)
{
	a->began_us = clock_now().mono_us;
	a->until_us = a->began_us + a->s->seconds * SECOND;
	a->next_us = a->began_us;
	a->packets = 0;
	a->spent = false;
	for (uint32_t i = 0; i < AUDIT_ROLES; i++) {
		struct audit_end *e = &a->end[i];
		(void)audit_drain(a, e, 0); // left over from the probe before
		e->sent = e->received = 0;
		e->log_len = 0;
		e->logging = false;
	}
}
