// SPDX-License-Identifier: Apache-2.0
// Are two URIs the same (RFC3261#19.1.4, RFC3966#4), and which telephone number does one name (RFC3966#5.1)?
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

enum { E164_DIGITS_MAX = 15 /* ITU-T E.164 */ };

struct text { // a span of a buffer, to compare across buffers
	const uint8_t *buf;
	uint32_t n;
	struct span s;
};

// The octet at *I, escapes undone; *I moves past it. An escaped octet that is reserved stays apart from the plain
// one (RFC3261#19.1.4), so it is told by bit 8.
static uint32_t next_octet(struct text t, uint32_t *i)
{
	uint8_t c = octet_at(t.buf, t.s.to, *i);
	if (!scan_is_escape(t.buf, t.s.to, *i)) {
		(*i)++;
		return c;
	}
	uint32_t value = 0;
	for (uint32_t k = 1; k <= 2; k++) {
		uint8_t h = octet_lower(octet_at(t.buf, t.s.to, *i + k));
		value = value * 16 + (uint32_t)(h <= '9' ? h - '0' : h - 'a' + 10);
	}
	*i += 3;
	bool unreserved = octet_in((uint8_t)value, OCT_USER) && octet_in((uint8_t)value, OCT_PASS) &&
		value != '&' && value != '=' && value != '+' && value != '$' && value != ',';
	return unreserved ? value : value | 0x100;
}

static bool text_equal(struct text a, struct text b, bool nocase)
{
	uint32_t i = a.s.from, j = b.s.from;
	if (a.s.to > a.n || b.s.to > b.n)
		return false;
	while (i < a.s.to && j < b.s.to) {
		uint32_t x = next_octet(a, &i), y = next_octet(b, &j);
		if (x != y && !(nocase && x < 0x100 && y < 0x100 && octet_lower((uint8_t)x) == octet_lower((uint8_t)y)))
			return false;
	}
	return i >= a.s.to && j >= b.s.to;
}

// The next "name[=value]" from *AT of a list with separator SEP.
static bool list_item(struct text t, uint8_t sep, uint32_t *at, struct span *name, struct span *value)
{
	uint32_t end = t.s.to, i = *at;
	if (i >= end || end > t.n)
		return false;
	uint32_t equals = end;
	while (i < end && octet_at(t.buf, end, i) != sep) {
		if (octet_at(t.buf, end, i) == '=' && equals == end)
			equals = i;
		i++;
	}
	*name = (struct span){*at, equals < i ? equals : i};
	*value = equals < i ? (struct span){equals + 1, i} : (struct span){i, i};
	*at = i + 1;
	return true;
}

static bool list_find(struct text t, uint8_t sep, struct text name, struct span *value)
{
	struct span other;
	uint32_t at = t.s.from;
	while (list_item(t, sep, &at, &other, value))
		if (text_equal((struct text){t.buf, t.n, other}, name, true))
			return true;
	return false;
}

static bool list_holds(struct text t, uint8_t sep, struct text name, struct text value)
{
	struct span other_name, other_value;
	uint32_t at = t.s.from;
	while (list_item(t, sep, &at, &other_name, &other_value))
		if (text_equal((struct text){t.buf, t.n, other_name}, name, true) &&
			text_equal((struct text){t.buf, t.n, other_value}, value, true))
			return true;
	return false;
}

// These say who or where: one that stands only in one of the two URIs makes them differ.
static bool must_match(struct text name)
{
	return SCAN_IS(name.buf, name.n, name.s, "user") || SCAN_IS(name.buf, name.n, name.s, "ttl") ||
		SCAN_IS(name.buf, name.n, name.s, "method") || SCAN_IS(name.buf, name.n, name.s, "maddr");
}

// Does each item of A agree with B? ALL: each must stand in B (headers), else only those that must_match.
static bool list_agrees(struct text a, struct text b, uint8_t sep, bool all)
{
	struct span name, value, other;
	uint32_t at = a.s.from;
	while (list_item(a, sep, &at, &name, &value)) {
		struct text key = {a.buf, a.n, name};
		if (list_holds(b, sep, key, (struct text){a.buf, a.n, value}))
			continue; // a header field may stand in a URI more than once, a parameter with its name escaped another way
		if (list_find(b, sep, key, &other)) {
			if (!text_equal((struct text){a.buf, a.n, value}, (struct text){b.buf, b.n, other}, true))
				return false;
		} else if (all || must_match(key)) {
			return false;
		}
	}
	return true;
}

// RFC3966#4: numbers without visual separators, parameters as a set.
static bool tel_equal(struct text a, const struct sip_uri *ua, struct text b, const struct sip_uri *ub)
{
	uint32_t i = ua->user.from, j = ub->user.from;
	for (;;) {
		uint8_t x = octet_at(a.buf, ua->user.to, i), y = octet_at(b.buf, ub->user.to, j);
		if (x == '-' || x == '.' || x == '(' || x == ')') {
			i++;
		} else if (y == '-' || y == '.' || y == '(' || y == ')') {
			j++;
		} else if (octet_lower(x) != octet_lower(y)) {
			return false;
		} else if (x == 0) {
			break;
		} else {
			i++;
			j++;
		}
	}
	a.s = ua->params;
	b.s = ub->params;
	return list_agrees(a, b, ';', true) && list_agrees(b, a, ';', true);
}

bool sip_uri_equal(const uint8_t *abuf, uint32_t an, const struct sip_uri *a, const uint8_t *bbuf, uint32_t bn,
	const struct sip_uri *b)
{
#define A(span) ((struct text){abuf, an, (span)})
#define B(span) ((struct text){bbuf, bn, (span)})
	if (a->scheme != b->scheme || a->whole.to > an || b->whole.to > bn)
		return false;
	if (a->scheme == SIP_SCHEME_OTHER)
		return text_equal(A(a->whole), B(b->whole), false);
	if (a->scheme == SIP_SCHEME_TEL)
		return tel_equal(A(a->user), a, B(b->user), b);
	return a->has_user == b->has_user && a->has_port == b->has_port && a->port == b->port &&
		text_equal(A(a->user), B(b->user), false) && text_equal(A(a->password), B(b->password), false) &&
		text_equal(A(a->host), B(b->host), true) && list_agrees(A(a->params), B(b->params), ';', false) &&
		list_agrees(B(b->params), A(a->params), ';', false) &&
		list_agrees(A(a->headers), B(b->headers), '&', true) &&
		list_agrees(B(b->headers), A(a->headers), '&', true);
#undef A
#undef B
}

void sip_uri_number(const uint8_t *buf, uint32_t n, const struct sip_uri *u, char *out, uint32_t cap)
{
	uint32_t len = 0, i = u->user.from, end = u->user.to;

	if (cap == 0)
		return;
	out[0] = '\0';
	if (end > n || u->scheme == SIP_SCHEME_OTHER || octet_at(buf, end, i) != '+' || cap < E164_DIGITS_MAX + 2)
		return;
	for (i++; i < end; i++) {
		uint8_t c = octet_at(buf, end, i);
		if (octet_in(c, OCT_DIGIT) && len < E164_DIGITS_MAX) {
			len++;
			out[len] = (char)c;
		} else if (c == ';' && u->scheme != SIP_SCHEME_TEL) {
			break; // user=phone carries the parameters of the number inside the user part (RFC3261#19.1.6)
		} else if (c != '-' && c != '.' && c != '(' && c != ')') {
			out[0] = '\0';
			return;
		}
	}
	out[len == 0 ? 0 : len + 1] = '\0';
	if (len != 0)
		out[0] = '+';
}
