// SPDX-License-Identifier: Apache-2.0
// SF-A6: connections that do nothing, little or too much, and too many of them.
#include "audit/inside.h"
#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { CONNECT_MS = 2000, SETTLE_MS = 1000, DRIP_MS = 1000 };

int audit_dial(struct audit *a, const struct address *local, const struct address *target)
{
	struct sockaddr_storage to, from;
	struct address host = *local;
	host.port = 0;
	socklen_t to_len = address_to_sockaddr(target, &to), from_len = address_to_sockaddr(&host, &from);
	struct pollfd p = {.fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);

	if (p.fd < 0)
		return AUDIT_OUR_FAULT;
	a->packets++;
	if (bind(p.fd, (struct sockaddr *)&from, from_len) != 0) {
		(void)close(p.fd);
		return AUDIT_OUR_FAULT;
	}
	bool fine = (connect(p.fd, (struct sockaddr *)&to, to_len) == 0 || errno == EINPROGRESS) &&
		poll(&p, 1, CONNECT_MS) == 1 && getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
	if (fine)
		return p.fd;
	(void)close(p.fd); // it never stood
	return AUDIT_REFUSED;
}

bool audit_ended(int fd)
{
	char buf[2048];

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n <= 0)
			return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
	}
}

static void say(struct audit *a, int fd, const char *text, size_t n)
{
	a->packets++;
	(void)send(fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT); // an ended connection is what is hoped for
}

static const struct address *source(const struct audit *a)
{
	return &a->end[AUDIT_STRANGER].local;
}

void audit_probe_connections(struct audit *a, struct audit_result *r)
{
	uint32_t n = a->s->connections, opened = 0, open = 0;
	int *fd = memory_array(n, sizeof(*fd));

	if (fd == NULL) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "no memory");
		return;
	}
	for (; opened < n && audit_time_left(a) && (fd[opened] = audit_dial(a, source(a), &a->s->stream)) >= 0; opened++)
		audit_pause(a, SECOND / MS / a->s->rate);
	bool ours = opened < n && (!audit_time_left(a) || fd[opened] == AUDIT_OUR_FAULT);
	audit_pause(a, SETTLE_MS);
	for (uint32_t i = 0; i < opened; i++)
		open += !audit_ended(fd[i]);
	int other = -1;
	bool asked = a->end[AUDIT_CALLER].fd >= 0;
	if (asked)
		other = audit_dial(a, &a->end[AUDIT_CALLER].local, &a->s->stream);
	audit_pause(a, SETTLE_MS);
	bool served = other >= 0 && !audit_ended(other);
	for (uint32_t i = 0; i < opened; i++)
		(void)close(fd[i]); // only of ours
	if (other >= 0)
		(void)close(other);
	memory_free(fd);
	if (opened == 0)
		audit_say(r, AUDIT_V_INCONCLUSIVE, "no connection to the stream socket at all");
	else if (ours && open >= opened)
		audit_say(r, AUDIT_V_INCONCLUSIVE, "descriptors, ports or time of our own ended at %u connections", opened);
	else if (open >= n)
		audit_find(r, false, "%u connections of one source stay open", open);
	else if (asked && !served)
		audit_find(r, false, "one source fills the target: a peer gets no connection any more");
	audit_find(r, true, "%u of %u connections of one source stayed open; a peer is %s", open, n,
		asked ? "still served" : "not tried");
}

struct slow {
	const char *name;
	int fd;
	uint32_t ended_s; // 0: not yet
	struct bytes drip; // one octet a second of it, when there is any
	uint32_t at;       // next octet of the drip
};

static const char drip[] = "INVITE sip:a@b.invalid SIP/2.0\r\nVia: SIP/2.0/TCP a.invalid;branch=z9hG4bKslow\r\nX-Slow: "
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
// The beginning of a TLS record and its ClientHello, of which 512 octets should follow: what a TLS socket waits for.
static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" // random, sessions and suites are never reached
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char half[] = "INVITE sip:a@b.invalid SIP/2.0\r\nVia: SIP/2.0/TCP a.invalid;bra";
static const char huge[] = "INVITE sip:a@b.invalid SIP/2.0\r\nVia: SIP/2.0/TCP a.invalid;branch=z9hG4bKhuge\r\n"
	"Content-Length: 2147483647\r\n\r\nx";

static uint32_t watch(struct audit *a, struct slow *s, uint32_t n)
{
	uint64_t began = clock_now().mono_us;
	uint32_t open = n;

	for (uint32_t second = 1; second <= a->s->deadline_s && open > 0 && audit_time_left(a); second++) {
		audit_pause(a, DRIP_MS);
		for (uint32_t i = 0; i < n; i++) {
			if (s[i].ended_s != 0 || s[i].fd < 0)
				continue;
			if (s[i].at < s[i].drip.len)
				say(a, s[i].fd, (const char *)s[i].drip.at + s[i].at++, 1);
			if (audit_ended(s[i].fd)) {
				s[i].ended_s = (uint32_t)((clock_now().mono_us - began) / SECOND) + 1;
				open--;
			}
		}
	}
	return open;
}

void audit_probe_slow(struct audit *a, struct audit_result *r)
{
	struct slow s[] = {
		{.name = "silent"}, {.name = "octet by octet", .drip = bytes_of_string(drip)}, {.name = "half a header"},
		{.name = "huge Content-Length"},
		{.name = "TLS handshake octet by octet", .drip = bytes_make((const uint8_t *)hello, sizeof(hello) - 1)},
	};
	uint32_t open = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(s); i++) {
		s[i].fd = audit_dial(a, a->end[AUDIT_CALLER].fd >= 0 ? &a->end[AUDIT_CALLER].local : source(a), &a->s->stream);
		open += s[i].fd >= 0;
	}
	if (open < ARRAY_LEN(s)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "only %u of %zu connections stood", open, ARRAY_LEN(s));
	} else {
		say(a, s[2].fd, half, sizeof(half) - 1);
		say(a, s[3].fd, huge, sizeof(huge) - 1);
		(void)watch(a, s, ARRAY_LEN(s)); // judged one by one
		for (uint32_t i = 0; i < ARRAY_LEN(s); i++)
			audit_find(r, s[i].ended_s != 0, s[i].ended_s != 0 ? "%s: cut off after %u s" : "%s: still open after %u s",
				s[i].name, s[i].ended_s != 0 ? s[i].ended_s : a->s->deadline_s);
	}
	for (uint32_t i = 0; i < ARRAY_LEN(s); i++)
		if (s[i].fd >= 0)
			(void)close(s[i].fd);
}
