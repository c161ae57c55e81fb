// SPDX-License-Identifier: Apache-2.0
// LUF-A1, LUF-C2, LUF-I3, LRF-C1: HTTPS look-ups at the target's portal, by the secured peer, by a peer with a false certificate, and
// by somebody without.
#include "audit/dns.h"
#include "base/clock.h"
#include "base/memory.h"

#include <openssl/evp.h>
#include <unistd.h>

enum {
	ANSWER_MAX = 65536,  // [octets] of one answer
	HALVES = 5,          // connections that begin and do not end
	TURN_MS = 500,
	GUESSES = 60,        // look-ups in a row: no querier has so many calls to make in two seconds
	BASE64_GROUP = 4,    // RFC4648#4
	RENEW_MS = 1200,     // [ms] a budget per second is full again
};

static struct audit_https *querier(struct audit *a)
{
	return audit_https_open(a, &a->end[AUDIT_SECURED].local, a->s->certificate, a->s->key);
}

static void look_up_path(const char *number, char out[2 * AUDIT_TEXT_MAX])
{
	(void)snprintf(out, 2 * AUDIT_TEXT_MAX, "/lookup?number=%%2B%.100s", number[0] == '+' ? number + 1 : number);
}

// What the portal tells about NUMBER, on a connection of its own.
static unsigned told(struct audit *a, const char *certificate, const char *key, const char *number, char *out)
{
	char path[2 * AUDIT_TEXT_MAX];
	struct audit_https *h = audit_https_open(a, &a->end[AUDIT_SECURED].local, certificate, key);

	out[0] = '\0';
	look_up_path(number, path);
	unsigned status = h != NULL ? audit_https_ask(h, "GET", path, "", out, ANSWER_MAX) : 0;
	audit_https_close(h);
	return status;
}

static unsigned told_peer(struct audit *a, const char *number, char *out)
{
	return told(a, a->s->certificate, a->s->key, number, out);
}

// ---- LUF-A1

struct half {
	const char *name;
	struct audit_https *https; // or
	int fd;
	uint32_t ended_ms; // 0: not yet
};

static void begin_halves(struct audit *a, struct half h[HALVES])
{
	static const char hello[] = "\x16\x03\x01\x02"; // of a ClientHello
	const struct address *local = &a->end[AUDIT_SECURED].local;

	for (uint32_t i = 0; i < 2; i++)
		h[i].fd = audit_dial(a, local, &a->s->portal);
	for (uint32_t i = 2; i < HALVES; i++)
		h[i].https = querier(a);
	if (h[1].fd >= 0)
		(void)send(h[1].fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL); // an ended connection is what is hoped for
	if (h[3].https != NULL)
		(void)audit_https_say(h[3].https, "GET /lookup?number=%2B49");
}

static bool has_ended(struct half *h)
{
	return h->https != NULL ? audit_https_ended(h->https, 0) : h->fd < 0 || audit_ended(h->fd);
}

static uint32_t watch(struct audit *a, struct half h[HALVES])
{
	uint64_t began = clock_now().mono_us;
	uint32_t open = HALVES;

	for (uint64_t ms = 0; ms <= a->s->deadline_s * 1000ull && open > 0 && audit_time_left(a); ms = (clock_now().mono_us - began) / MS) {
		audit_pause(a, TURN_MS);
		for (uint32_t i = 0; i < HALVES; i++) {
			if (h[i].ended_ms != 0)
				continue;
			if (i == HALVES - 1 && h[i].https != NULL)
				(void)audit_https_say(h[i].https, "G"); // octet by octet
			if (has_ended(&h[i])) {
				h[i].ended_ms = (uint32_t)((clock_now().mono_us - began) / MS) + 1;
				open--;
			}
		}
	}
	return open;
}

void audit_probe_half_requests(struct audit *a, struct audit_result *r)
{
	struct half h[HALVES] = {{.name = "silent", .fd = -1}, {.name = "half a handshake", .fd = -1}, {.name = "no request", .fd = -1},
		{.name = "half a request", .fd = -1}, {.name = "octet by octet", .fd = -1}};
	char *answer = memory_alloc(ANSWER_MAX);
	uint32_t stood = 0;

	if (answer == NULL) {
		audit_unjudged(r, "no memory");
		return;
	}
	begin_halves(a, h);
	for (uint32_t i = 0; i < HALVES; i++)
		stood += h[i].fd >= 0 || h[i].https != NULL;
	unsigned meanwhile = told_peer(a, a->s->from, answer);
	if (stood < HALVES) {
		audit_unjudged(r, "only %u of %u connections stood", stood, (unsigned)HALVES);
	} else {
		(void)watch(a, h); // judged one by one
		audit_find(r, meanwhile == 200, "a whole request meanwhile got %u", meanwhile);
		for (uint32_t i = 0; i < HALVES; i++)
			audit_find(r, h[i].ended_ms != 0, "%s: %s after %.1f s", h[i].name, h[i].ended_ms != 0 ? "cut off" : "still open",
				h[i].ended_ms != 0 ? (double)h[i].ended_ms / 1000 : a->s->deadline_s);
	}
	for (uint32_t i = 0; i < HALVES; i++) {
		audit_https_close(h[i].https);
		if (h[i].fd >= 0)
			(void)close(h[i].fd);
	}
	memory_free(answer);
}

// ---- LUF-C2

static void unknown_querier(struct audit *a, struct audit_result *r, const char *certificate, const char *key, const char *what, char *out)
{
	unsigned status = told(a, certificate, key, a->s->from, out);
	bool silent = status == 0 || (status >= 400 && strstr(out, a->s->domain) == NULL);
	audit_find(r, silent, status == 0 ? "%s: no answer" : "%s: %u", what, status);
}

static void one_answer(struct audit *a, struct audit_result *r, char *nobody, char *other)
{
	char none[AUDIT_TEXT_MAX];
	(void)snprintf(none, sizeof(none), "+999%u", 990000u); // no country has this code (E.164)
	unsigned first = told_peer(a, none, nobody), second = told_peer(a, a->s->to, other);
	bool same = first == second && strcmp(nobody, other) == 0;
	audit_find(r, same && first >= 400, "nobody's number gets %u, another peer's %u, %s", first, second,
		same ? "octet by octet the same" : "which tells them apart");
}

void audit_probe_view(struct audit *a, struct audit_result *r)
{
	char *one = memory_alloc(ANSWER_MAX), *two = memory_alloc(ANSWER_MAX);

	if (one == NULL || two == NULL) {
		audit_unjudged(r, "no memory");
	} else if (told_peer(a, a->s->from, one) != 200) {
		audit_unjudged(r, "the secured peer is told nothing about %s in the first place: %.40s", a->s->from, one);
	} else {
		audit_find(r, true, "who may ask is told about the core's number");
		unknown_querier(a, r, NULL, NULL, "without a certificate", two);
		unknown_querier(a, r, a->s->false_certificate, a->s->false_key, "with a certificate for another name", two);
		one_answer(a, r, one, two);
	}
	memory_free(one);
	memory_free(two);
}

// ---- LUF-I3

static const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	return end != NULL ? end + 4 : answer;
}

static void write_by_https(struct audit *a, struct audit_result *r, char *out)
{
	static const char *const method[] = {"PUT", "POST", "DELETE", "PATCH"};
	char path[2 * AUDIT_TEXT_MAX], body[4 * AUDIT_TEXT_MAX], at[ADDRESS_TEXT_MAX];

	look_up_path(a->s->to, path);
	(void)snprintf(body, sizeof(body), "{\"number\":\"%s\",\"domain\":\"thief.example\",\"hops\":[\"udp:%s\"]}", a->s->to,
		address_text(&a->end[AUDIT_STRANGER].local, at));
	for (uint32_t i = 0; i < ARRAY_LEN(method); i++) {
		struct audit_https *h = querier(a);
		unsigned status = h != NULL ? audit_https_ask(h, method[i], path, body, out, ANSWER_MAX) : 0;
		audit_https_close(h);
		audit_find(r, status == 0 || status >= 400, "%s got %u", method[i], status);
	}
}

// REGISTER, PUBLISH and NOTIFY that bind the called side's number to the stranger.
static void write_by_sip(struct audit *a, struct audit_result *r)
{
	static const char *const method[] = {"REGISTER", "PUBLISH", "NOTIFY"};
	char contact[2 * AUDIT_TEXT_MAX], at[ADDRESS_TEXT_MAX], uri[2 * AUDIT_TEXT_MAX];

	(void)snprintf(uri, sizeof(uri), "sip:%s", a->s->domain);
	(void)snprintf(contact, sizeof(contact), "Contact: <sip:%s@%s>\r\nExpires: 3600\r\nEvent: presence\r\n", a->s->to,
		address_text(&a->end[AUDIT_STRANGER].local, at));
	for (uint32_t i = 0; i < ARRAY_LEN(method); i++) {
		char buf[AUDIT_MESSAGE_MAX], id[AUDIT_TEXT_MAX], branch[AUDIT_TEXT_MAX];
		struct audit_text t;
		audit_identifier(a, "write-", id);
		audit_identifier(a, "z9hG4bK", branch);
		struct audit_request q = {.method = method[i], .uri = uri, .via = &a->end[AUDIT_CALLER].local, .branch = branch, .call_id = id,
			.from_tag = id, .from = a->s->to, .to = a->s->to, .cseq = 1, .max_forwards = 70, .extra = contact};
		audit_text_init(&t, buf, sizeof(buf));
		bool sent = audit_request_write(a, &q, &t) && audit_send(a, &a->end[AUDIT_CALLER], &a->s->target, t.at, t.len);
		unsigned status = sent ? audit_status_of(a, AUDIT_CALLER, id) : 0;
		audit_find(r, status == 0 || status >= 400, "%s got %u", method[i], status);
	}
}

void audit_probe_provisioning(struct audit *a, struct audit_result *r)
{
	char *before = memory_alloc(ANSWER_MAX), *after = memory_alloc(ANSWER_MAX);
	unsigned status;

	if (before == NULL || after == NULL) {
		audit_unjudged(r, "no memory");
	} else if (told_peer(a, a->s->to, before) == 0 || audit_follow(a, a->s->to, AUDIT_ANSWER_MS, &status) != AUDIT_AT_CALLED) {
		audit_unjudged(r, "%s is not looked up as it should be in the first place", a->s->to);
	} else {
		write_by_https(a, r, after);
		write_by_sip(a, r);
		(void)told_peer(a, a->s->to, after);
		audit_find(r, strcmp(body_of(before), body_of(after)) == 0, "the portal's answer is %s",
			strcmp(body_of(before), body_of(after)) == 0 ? "as before" : "another one");
		enum audit_landed at = audit_follow(a, a->s->to, AUDIT_ANSWER_MS, &status);
		audit_find(r, at == AUDIT_AT_CALLED, "a request for the number %s", audit_landed_name[at]);
	}
	memory_free(before);
	memory_free(after);
}

// ---- LRF-C1

// Names of the core in what the portal says; the number of those that stand there.
static uint32_t core_in(const struct audit *a, const char *answer, struct audit_result *r, const char *what)
{
	const struct address *const core[] = {&a->end[AUDIT_CALLER].local, &a->s->target, &a->end[AUDIT_CALLED].local};
	static const char *const name[] = {"the caller's address", "the core side's address", "another peer's address"};
	uint32_t found = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(core); i++) {
		char host[ADDRESS_TEXT_MAX];
		(void)address_host_text(core[i], host); // its length is not needed
		const char *at = strstr(answer, host);
		char after = at != NULL ? at[strlen(host)] : '0';
		if (at == NULL || (after >= '0' && after <= '9')) // a part of a longer address
			continue;
		audit_find(r, false, "%s holds %s", what, name[i]);
		found++;
	}
	return found;
}

// The payload of a signed answer (base64url, RFC7515#2) in OUT, in its place; false: there is none.
static bool payload_open(char *out)
{
	static const char mark[] = "\"payload\"";
	const char *name = strstr(out, mark);
	const char *at = name != NULL ? strchr(name + sizeof(mark) - 1, '"') : NULL;
	size_t n = at != NULL ? strcspn(at + 1, "\"") : 0;

	if (n == 0 || (size_t)(at - out) + n + BASE64_GROUP >= ANSWER_MAX)
		return false;
	memmove(out, at + 1, n);
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(out[i] == '-' ? '+' : out[i] == '_' ? '/' : out[i]);
	while (n % BASE64_GROUP != 0)
		out[n++] = '=';
	int octets = EVP_DecodeBlock((uint8_t *)out, (const uint8_t *)out, (int)n); // shorter, and never ahead of what it reads
	out[octets > 0 ? octets : 0] = '\0';
	return octets > 0;
}

static void profile(struct audit *a, struct audit_result *r, char *out)
{
	struct audit_https *h = querier(a);
	unsigned status = h != NULL ? audit_https_ask(h, "GET", "/profile", "", out, ANSWER_MAX) : 0;

	audit_https_close(h);
	if (status == 200 && payload_open(out) && core_in(a, out, r, "the querier's profile") == 0)
		audit_find(r, true, "nor do %zu of his profile", strlen(out));
}

static void guess(struct audit *a, struct audit_result *r, char *out)
{
	struct audit_https *h = querier(a);
	uint32_t told_all = 0, refused = 0, asked = 0;
	unsigned status = 200;

	for (; h != NULL && asked < GUESSES && status != 0 && audit_time_left(a); asked++) {
		char number[AUDIT_TEXT_MAX], path[2 * AUDIT_TEXT_MAX];
		(void)snprintf(number, sizeof(number), "%.20s%02u", a->s->from, asked);
		look_up_path(number, path);
		status = audit_https_ask(h, "GET", path, "", out, ANSWER_MAX);
		told_all += status == 200;
		refused += status >= 400;
	}
	audit_https_close(h);
	audit_find(r, asked > 0 && told_all < GUESSES / 2, "of %u locations in a row %u were told and %u refused", asked, told_all, refused);
}

void audit_probe_location_harvest(struct audit *a, struct audit_result *r)
{
	char *out = memory_alloc(ANSWER_MAX);

	if (out == NULL) {
		audit_unjudged(r, "no memory");
		return;
	}
	audit_pause(a, RENEW_MS); // what the probes before have used up
	if (told_peer(a, a->s->from, out) != 200) {
		audit_unjudged(r, "the secured peer is told nothing about %s in the first place: %.40s", a->s->from, out);
	} else {
		size_t octets = strlen(out);
		if (core_in(a, out, r, "an answer about the core's number") == 0)
			audit_find(r, true, "%zu octets about the core's number name neither its side nor another peer", octets);
		profile(a, r, out);
		guess(a, r, out);
	}
	memory_free(out);
}
