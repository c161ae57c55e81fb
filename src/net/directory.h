// SPDX-License-Identifier: Apache-2.0
// Which connection leads to a peer: shared by all workers, for the reuse of connections (RFC 5923).
//
// Only connections whose far side is certain stand here: those that we dialled, and those on which a
// certificate proved the peer (RFC5922#7): its name was one of that very peer's, so what is meant for another never
// finds them, whoever else the certificate names. A lock is taken on a change and on a look-up that a worker's own cache could
// not answer; the cache is good as long as `version` stands still.
#ifndef NET_DIRECTORY_H
#define NET_DIRECTORY_H

#include "terms/transport.h"

#include <stdatomic.h>

struct directory; // opaque

struct directory_entry {
	uint8_t transport; // enum transport
	listener_id listener;
	peer_id peer;
	struct address remote;
	struct conn_ref conn;
	bool accepted; // the far side's port is one of its own choice
};

enum directory_match { // from strict to loose; of several the strictest
	DIRECTORY_EXACT, // dialled to, or accepted from, this very address and port
	DIRECTORY_HOST,  // else accepted from this host: it serves both ways (RFC5923#5)
	DIRECTORY_ANY,   // else whatever leads to the peer
};

#define DIRECTORY_NONE UINT32_MAX

// For at most MAX connections. E_NO_MEMORY.
MUST_USE result directory_new(struct directory **out, uint32_t max);
void directory_free(struct directory *d);
// Enter E; *SLOT names it for removal. E_FULL.
MUST_USE result directory_put(struct directory *d, const struct directory_entry *e, uint32_t *slot);
void directory_remove(struct directory *d, uint32_t slot); // DIRECTORY_NONE is harmless
// A connection to WANT's peer by its transport and listener, that fits its remote address as far as LOOSEST asks.
// Generation 0 when there is none. One that was dialled to another of the peer's hosts is no HOST match: the choice of
// the host was the route's.
struct conn_ref directory_find(
	struct directory *d, const struct directory_entry *want, enum directory_match loosest);
// Changes with each put and remove; from any thread.
uint64_t directory_version(const struct directory *d);

#endif
