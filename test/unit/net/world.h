// SPDX-License-Identifier: Apache-2.0
// The fixture with TLS: two authorities of peers, three peers, and clients that shake hands, are let in, and are closed.
#ifndef NET_WORLD_H
#define NET_WORLD_H

#include "fixture.h"

struct world { // two authorities, three peers: b under one, c under the other, d without trust of its own
	struct pki ours, b_ca, c_ca;
	struct pki own, b, c;
	struct fixture_peer peer[3];
	struct fixture f;
};

void world_start(struct world *w, struct fixture_options o);
void world_stop(struct world *w);
// Does a client with certificate P get its echo? From 127.0.0.1 or FROM.
bool world_gets_through(struct world *w, const struct pki *p, int version, const char *from);
// Put W's peers, as they are now but for what CHANGE (NULL: nothing) does to the first, in force as generation N.
void world_reload(struct world *w, uint32_t n, void (*change)(struct peer *first));
// A client with certificate P that was let in and got an echo.
SSL *world_comes_in(struct world *w, const struct pki *p, const char *from);
bool world_still_in(SSL *s);   // it gets another echo
bool world_was_closed(SSL *s); // by W, in order
void world_leaves(SSL *s);

#endif
