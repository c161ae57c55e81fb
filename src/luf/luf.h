// SPDX-License-Identifier: Apache-2.0
// Look-Up Function (RFC 6404 section 2.1, RFC 6406): which peer is responsible for this number or URI?
//
// Here: static, from the registry, by the longest number prefix, then by domain. Nothing leaves for a public
// tree (LUF-C3). "None" and "not for you" are the same answer (LUF-C1).
#ifndef LUF_LUF_H
#define LUF_LUF_H

#include "registry/snapshot.h"

// Canonical query for the parts of a Request-URI. USER and HOST are as they stood, unescaped; NUMBER and CALLER are E.164
// with "+" or "". E_SYNTAX for control octets, E_TOO_LONG beyond USER_MAX or DOMAIN_MAX (LUF-I1).
MUST_USE result luf_query_make(struct query *q, uint8_t kind, struct bytes user, struct bytes host, const char *number,
	const char *caller);
// The responsible peer and its domain. E_NOT_FOUND when no provisioned peer in service takes it.
MUST_USE result luf_lookup(const struct registry *r, const struct query *q, struct target *out);

#endif
