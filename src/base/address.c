// SPDX-License-Identifier: Apache-2.0
// Numeric addresses: parse, print, compare with prefixes, classify. Nothing is resolved here.
//
// Text comes from configurations and from strangers (Via, Contact, SDP): lengths are checked before a copy, a
// NUL inside is an error, and only inet_pton's strict forms are taken (no octal, no shortened IPv4, no zone
// index).
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

enum { BITS_V4 = 32, BITS_V6 = 128, PORT_DIGITS = 5, PORT_MAX = 65535 };

// A special range and its class (RFC 6890 and its registry). The documentation ranges count as global: the
// product cannot know whether it is being documented or tested.
struct special {
	struct prefix range;
	enum address_class class;
};

#define V4(a, b, c, d, n)                                                                                    \
	{                                                                                                    \
		.family = 4, .bits = (n), .ip = { a, b, c, d }                                               \
	}
#define V6(n, ...)                                                                                           \
	{                                                                                                    \
		.family = 6, .bits = (n), .ip = { __VA_ARGS__ }                                              \
	}

static const struct special SPECIAL[] = {
	// the first match counts
	{V4(0, 0, 0, 0, 32), ADDRESS_UNSPECIFIED},
	{V4(0, 0, 0, 0, 8), ADDRESS_RESERVED},
	{V4(10, 0, 0, 0, 8), ADDRESS_PRIVATE},
	{V4(100, 64, 0, 0, 10), ADDRESS_PRIVATE},
	{V4(127, 0, 0, 0, 8), ADDRESS_LOOPBACK},
	{V4(169, 254, 0, 0, 16), ADDRESS_LINK_LOCAL},
	{V4(172, 16, 0, 0, 12), ADDRESS_PRIVATE},
	{V4(192, 0, 0, 0, 24), ADDRESS_RESERVED},
	{V4(192, 88, 99, 0, 24), ADDRESS_RESERVED}, // 6to4 relays
	{V4(192, 168, 0, 0, 16), ADDRESS_PRIVATE},
	{V4(198, 18, 0, 0, 15), ADDRESS_RESERVED}, // benchmarks
	{V4(224, 0, 0, 0, 4), ADDRESS_MULTICAST},
	{V4(240, 0, 0, 0, 4), ADDRESS_RESERVED}, // and broadcast
	{V6(128, 0), ADDRESS_UNSPECIFIED},
	{V6(128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), ADDRESS_LOOPBACK},
	{V6(96, 0), ADDRESS_RESERVED},                                        // IPv4-compatible
	{V6(96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), ADDRESS_RESERVED}, // IPv4-mapped
	{V6(96, 0, 0x64, 0xff, 0x9b), ADDRESS_RESERVED},                      // translated
	{V6(48, 0, 0x64, 0xff, 0x9b, 0, 1), ADDRESS_RESERVED},
	{V6(64, 0x01), ADDRESS_RESERVED},       // discard
	{V6(32, 0x20, 0x01), ADDRESS_RESERVED}, // Teredo
	{V6(16, 0x20, 0x02), ADDRESS_RESERVED}, // 6to4
	{V6(7, 0xfc), ADDRESS_PRIVATE},
	{V6(10, 0xfe, 0x80), ADDRESS_LINK_LOCAL},
	{V6(10, 0xfe, 0xc0), ADDRESS_RESERVED}, // site-local, withdrawn
	{V6(8, 0xff), ADDRESS_MULTICAST},
};

// A decimal number of at most DIGITS digits, without sign or leading zero.
static result number_parse(struct bytes text, size_t digits, uint32_t max, uint32_t *out)
{
	uint32_t n = 0;

	REQUIRE(text.len > 0 && text.len <= digits, E_SYNTAX);
	REQUIRE(text.len == 1 || text.at[0] != '0', E_SYNTAX);
	for (size_t i = 0; i < text.len; i++) {
		REQUIRE(text.at[i] >= '0' && text.at[i] <= '9', E_SYNTAX);
		n = n * 10 + (uint32_t)(text.at[i] - '0');
	}
	REQUIRE(n <= max, E_SYNTAX);
	*out = n;
	return OK;
}

static result ip_parse(struct bytes text, int af, uint8_t ip[16])
{
	char copy[INET6_ADDRSTRLEN];

	REQUIRE(text.len > 0 && text.len < sizeof(copy), E_SYNTAX);
	REQUIRE(memchr(text.at, 0, text.len) == NULL, E_SYNTAX);
	memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	REQUIRE(inet_pton(af, copy, ip) == 1, E_SYNTAX);
	return OK;
}

result address_parse_host(struct bytes text, uint16_t port, struct address *out)
{
	bool bracket = text.len >= 2 && text.at[0] == '[' && text.at[text.len - 1] == ']';
	struct address a = {.port = port};

	*out = (struct address){0};
	if (bracket)
		text = bytes_make(text.at + 1, text.len - 2);
	REQUIRE(text.len > 0, E_SYNTAX);
	a.family = bracket || memchr(text.at, ':', text.len) != NULL ? 6 : 4;
	TRY(ip_parse(text, a.family == 6 ? AF_INET6 : AF_INET, a.ip));
	*out = a;
	return OK;
}

result address_parse(struct bytes text, struct address *out)
{
	size_t colon = text.len;
	uint32_t port = 0;

	*out = (struct address){0};
	while (colon > 0 && text.at[colon - 1] != ':')
		colon--;
	REQUIRE(colon >= 2, E_SYNTAX); // COLON is now the index after the last ':'
	struct bytes host = bytes_make(text.at, colon - 1);
	REQUIRE(host.at[0] == '[' || memchr(host.at, ':', host.len) == NULL, E_SYNTAX);
	TRY(number_parse(bytes_make(text.at + colon, text.len - colon), PORT_DIGITS, PORT_MAX, &port));
	return address_parse_host(host, (uint16_t)port, out);
}

// The bits of octet I that a prefix of BITS bits leaves to the host.
static uint8_t host_bits(uint32_t bits, uint32_t i)
{
	uint32_t fixed = bits > i * 8 ? bits - i * 8 : 0;

	return (uint8_t)(fixed >= 8 ? 0 : 0xff >> fixed);
}

result prefix_parse(struct bytes text, struct prefix *out)
{
	const uint8_t *slash = text.len > 0 ? memchr(text.at, '/', text.len) : NULL;
	size_t host_len = slash != NULL ? (size_t)(slash - text.at) : text.len;
	struct address a;

	*out = (struct prefix){0};
	TRY(address_parse_host(bytes_make(text.at, host_len), 0, &a));
	uint32_t octets = a.family == 4 ? BITS_V4 / 8 : BITS_V6 / 8;
	uint32_t bits = octets * 8;
	if (slash != NULL)
		TRY(number_parse(bytes_make(slash + 1, text.len - host_len - 1), 3, octets * 8, &bits));
	for (uint32_t i = 0; i < octets; i++)
		REQUIRE((a.ip[i] & host_bits(bits, i)) == 0, E_SYNTAX);
	*out = (struct prefix){.family = a.family, .bits = (uint8_t)bits};
	memcpy(out->ip, a.ip, sizeof(out->ip));
	return OK;
}

bool prefix_contains(const struct prefix *p, const struct address *a)
{
	uint32_t octets = p->family == 4 ? BITS_V4 / 8 : BITS_V6 / 8;

	if (p->family == 0 || p->family != a->family)
		return false;
	for (uint32_t i = 0; i < octets; i++)
		if ((uint8_t)((p->ip[i] ^ a->ip[i]) & (uint8_t)~host_bits(p->bits, i)) != 0)
			return false;
	return true;
}

bool prefixes_contain(const struct prefix *p, uint32_t n, const struct address *a)
{
	for (uint32_t i = 0; i < n; i++)
		if (prefix_contains(&p[i], a))
			return true;
	return false;
}

enum address_class address_classify(const struct address *a)
{
	if (a->family != 4 && a->family != 6)
		return ADDRESS_UNSPECIFIED;
	for (uint32_t i = 0; i < ARRAY_LEN(SPECIAL); i++)
		if (prefix_contains(&SPECIAL[i].range, a))
			return SPECIAL[i].class;
	return ADDRESS_GLOBAL;
}

// V in decimal at OUT; returns the digits written. Every message has a dozen of these: no printf.
static uint32_t decimal(uint32_t v, char *out)
{
	char digit[10];
	uint32_t n = 0;

	do {
		digit[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	for (uint32_t i = 0; i < n; i++)
		out[i] = digit[n - 1 - i];
	return n;
}

static uint32_t ipv4_text(const uint8_t ip[4], char *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 4; i++) {
		if (i > 0)
			out[n++] = '.';
		n += decimal(ip[i], out + n);
	}
	out[n] = '\0';
	return n;
}

uint32_t address_host_text(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	char ip[INET6_ADDRSTRLEN] = "";
	int n;

	if (a->family == 4)
		return ipv4_text(a->ip, out);
	if (a->family != 6 || inet_ntop(AF_INET6, a->ip, ip, sizeof(ip)) == NULL)
		n = snprintf(out, ADDRESS_TEXT_MAX, "none");
	else
		n = snprintf(out, ADDRESS_TEXT_MAX, "[%s]", ip);
	return n > 0 ? (uint32_t)n : 0;
}

char *address_text(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	uint32_t n = address_host_text(a, out);

	out[n++] = ':';
	n += decimal(a->port, out + n);
	out[n] = '\0';
	return out;
}

socklen_t address_to_sockaddr(const struct address *a, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(a->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};

	memset(out, 0, sizeof(*out));
	if (a->family == 4) {
		memcpy(&v4.sin_addr, a->ip, sizeof(v4.sin_addr));
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	if (a->family == 6) {
		memcpy(&v6.sin6_addr, a->ip, sizeof(v6.sin6_addr));
		memcpy(out, &v6, sizeof(v6));
		return sizeof(v6);
	}
	return 0;
}

result address_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct address *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*out = (struct address){0};
	if (len >= sizeof(v4) && sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		out->family = 4;
		out->port = ntohs(v4.sin_port);
		memcpy(out->ip, &v4.sin_addr, sizeof(v4.sin_addr));
		return OK;
	}
	if (len >= sizeof(v6) && sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		out->family = 6;
		out->port = ntohs(v6.sin6_port);
		memcpy(out->ip, &v6.sin6_addr, sizeof(v6.sin6_addr));
		return OK;
	}
	return FAIL(E_UNSUPPORTED);
}
