// SPDX-License-Identifier: Apache-2.0
// Look-Up Function (RFC 6404 section 2.1, RFC 6406): which peer is responsible for this number or URI?
//
// Here: static, from the registry, by the longest number prefix, then by domain. Nothing leaves for a public
// tree (LUF-C3). "None" and "not for you" are the same answer (LUF-C1).
#ifndef LUF_LUF_H
#define LUF_LUF_H

#include "registry/snapshot.h"

// Canonical query for the parts of a Request-URI. USER and HOST are as they stood, unescaped; NUMBER and CALLER are E.164
// with "+" or "". The routing number and npdi of USER (RFC4694#4) are taken out into the query. E_SYNTAX for control octets or
// a routing number that is none, E_TOO_LONG beyond USER_MAX or DOMAIN_MAX (LUF-I1).
MUST_USE result luf_query_make(struct query *q, uint8_t kind, struct bytes user, struct bytes host, const char *number,
	const char *caller);
// Take routing number and npdi from the parameters of TEXT, a user part or tel URI. E_SYNTAX, E_TOO_LONG.
MUST_USE result luf_query_portability(struct query *q, struct bytes text);
// The number that decides: the routing number where one came, else the number. "" when it is no number's query.
const char *luf_key(const struct query *q);
// The responsible peer, or the group of routes that leads there (peer PEER_NONE: lrf_select chooses), by the longest prefix in
// configuration and registry, then by domain. E_NOT_FOUND when no provisioned peer in service takes it; E_AGAIN: the
// registry's database has not been read yet.
MUST_USE result luf_lookup(const struct registry *r, const struct query *q, struct target *out);
// Is the domain of Q nobody's, and one that a peer on demand takes (RFC6405)? The directory lets it be a peer then.
bool luf_on_demand(const struct registry *r, const struct query *q);
// Is the domain of Q somebody's, for this querier?
bool luf_knows_domain(const struct registry *r, const struct query *q);
// The domain that stands for PEER: his own, or where Q is only told the answer and he is of the core, ours. Never NULL.
const char *luf_domain(const struct registry *r, const struct query *q, peer_id peer);
// The same for PEER that somebody else (ENUM) found responsible. E_NOT_FOUND, as luf_lookup: in service, not in the querier's
// own zone, and one that takes this number.
MUST_USE result luf_accept(const struct registry *r, const struct query *q, peer_id peer, struct target *out);

#endif
