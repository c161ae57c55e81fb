// SPDX-License-Identifier: Apache-2.0
// The peering profile: what we tell one peer, so that he can reach us and knows us when we call (RFC6271#3.1 R1 to R4, R6).
//
// Made from the snapshot for exactly that peer: the listeners of his zone, the limits and media rules that hold for him,
// the numbers of our own side. Nothing of other zones or of other peers is looked at, but the numbers of our core (LUF-C2,
// LRF-C1). Canonical JSON: sorted keys, no white space; equal snapshots give equal octets. Names follow RFC 7877 where it
// has one (SED group, priority, target domain). src/portal/envelope.h signs it, src/portal/partner.h reads one.
#ifndef PORTAL_PROFILE_H
#define PORTAL_PROFILE_H

#include "registry/snapshot.h"

#include <jansson.h>

enum {
	PROFILE_FORMAT = 1,
	PROFILE_LIFE_S = 30 * 86400,      // [s] long enough to be handed over by people, short enough that stale ones die
	PROFILE_OCTETS_MAX = 128 * 1024,  // [octets] of the canonical text; full lists of every kind stay below 40 KiB
	PROFILE_SERVED_MAX = PEER_NUMBERS_MAX, // prefixes of our side: as many as the receiver's configuration can hold
	PROFILE_DIGEST_TEXT = 65,         // SHA-256 in hexadecimal, NUL-terminated
};

// The profile of S for peer ID at WALL_MS [ms since 1970 UTC]. *OUT belongs to the caller (json_decref), NULL on error.
// E_NOT_FOUND: no such peer, or removed; E_POLICY: he lives in a core zone, which has no profile; E_MISSING: no domain or
// no listener in his zone that can be told; E_TOO_MANY: our numbers are more prefixes than PROFILE_SERVED_MAX; E_NO_MEMORY.
MUST_USE result profile_make(const struct snapshot *s, peer_id id, uint64_t wall_ms, json_t **out);
// The ingress elements that peer P is told, at or above his transport: the profile's list. NULL: out of memory.
json_t *profile_ingress(const struct snapshot *s, const struct peer *p);
// Canonical text of a profile; free with free(). NULL: out of memory.
char *profile_text(const json_t *profile);

#endif
