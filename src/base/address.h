// SPDX-License-Identifier: Apache-2.0
// Transport addresses and prefixes as plain values; classes of special addresses.
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/result.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT_MAX = 64 }; // "[" + 45 octets of IPv6 + "]:65535" + NUL, rounded up

struct address {
	uint8_t family;   // 4, 6, or 0 for none
	uint8_t reserved; // 0, so that values compare as memory
	uint16_t port;    // host order
	uint8_t ip[16];   // network order; IPv4 uses the first four octets, the rest is 0
};

struct prefix {
	uint8_t family; // 4, 6, or 0 for none
	uint8_t bits;   // 0..32 or 0..128
	uint8_t ip[16];
};

enum address_class { // special addresses (RFC 6890) that a stranger may not make us send to
	ADDRESS_GLOBAL = 0,
	ADDRESS_PRIVATE,   // RFC 1918, RFC 4193, RFC 6598
	ADDRESS_LOOPBACK,
	ADDRESS_LINK_LOCAL,
	ADDRESS_MULTICAST,
	ADDRESS_UNSPECIFIED,
	ADDRESS_RESERVED,  // broadcast, 240/4, mapped and translated forms
};

// Same family, IP and port.
static inline bool address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family && a->port == b->port && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

// Same family and IP, any port.
static inline bool address_same_host(const struct address *a, const struct address *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

// Parse a numeric host, "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; port is set to PORT.
// E_SYNTAX when it is none (names included: nothing is resolved here).
MUST_USE result address_parse_host(struct bytes text, uint16_t port, struct address *out);
// Parse "host:port" or "[v6]:port". E_SYNTAX.
MUST_USE result address_parse(struct bytes text, struct address *out);
// Parse "192.0.2.0/28", "2001:db8::/32" or a single address. Bits beyond the prefix must be 0. E_SYNTAX.
MUST_USE result prefix_parse(struct bytes text, struct prefix *out);

bool prefix_contains(const struct prefix *p, const struct address *a);
bool prefixes_contain(const struct prefix *p, uint32_t n, const struct address *a);
enum address_class address_classify(const struct address *a);

// "192.0.2.1:5060", "[2001:db8::1]:5060"; OUT holds ADDRESS_TEXT_MAX; returns OUT.
char *address_text(const struct address *a, char out[ADDRESS_TEXT_MAX]);
// The host alone; IPv6 in brackets, as SIP URIs and Via write it (RFC3261#25.1). Returns the length.
uint32_t address_host_text(const struct address *a, char out[ADDRESS_TEXT_MAX]);

// To and from the kernel's form. from_sockaddr: E_UNSUPPORTED for other families.
socklen_t address_to_sockaddr(const struct address *a, struct sockaddr_storage *out);
MUST_USE result address_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct address *out);

#endif
