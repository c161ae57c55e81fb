// SPDX-License-Identifier: Apache-2.0
// How many stream connections there may be, in all and from one source (SF-A6); shared by all workers.
//
// A lock is taken when a connection comes or goes, never for a message.
#ifndef NET_CAPS_H
#define NET_CAPS_H

#include "base/address.h"

struct caps; // opaque

// At most TOTAL connections, PER_SOURCE of them from one source: an IPv4 address or an IPv6 /64, since one
// host has all of that. E_NO_MEMORY, E_CONFIG when either is 0.
MUST_USE result caps_new(struct caps **out, uint32_t total, uint32_t per_source);
void caps_free(struct caps *c);
// Account one connection from SOURCE. E_FULL: the total is reached; E_TOO_MANY: this source has its share.
MUST_USE result caps_take(struct caps *c, const struct address *source);
// It is gone.
void caps_give(struct caps *c, const struct address *source);
// Another share for each source; those that have more keep them.
void caps_set_per_source(struct caps *c, uint32_t per_source);
// Connections in all.
uint32_t caps_count(struct caps *c);

#endif
