// SPDX-License-Identifier: Apache-2.0
// The SIP domain identities of a certificate (RFC5922#7.1).
#ifndef NET_TLS_NAMES_H
#define NET_TLS_NAMES_H

#include "net/tls_peer.h"

struct tls_name {
	bool uri;              // from a "sip:" URI, else from dNSName
	uint16_t len;          // of the host
	char text[DOMAIN_MAX + 4]; // "sip:" and host, lower case; host alone from text + 4
};

struct tls_names {
	uint32_t count;
	struct tls_name name[TLS_NAMES_MAX];
};

// The domains that subjectAltName gives: of its sip URIs without user part; if there are none, of its DNS names.
// Anything that is not plain letters, digits, dots and hyphens (wildcards, embedded NUL, ports) is no identity.
void tls_names_read(X509 *certificate, struct tls_names *out);
const char *tls_name_host(const struct tls_name *name);
// Is NAME provisioned for P? A provisioned "sip:host" needs the URI form, a plain host takes either.
bool tls_name_is_of(const struct tls_name *name, const struct peer *p);
// The peer of ZONE for which NAME is provisioned, PEER_NONE if nobody.
peer_id tls_name_owner(const struct tls_name *name, const struct registry *r, zone_id zone);

#endif
