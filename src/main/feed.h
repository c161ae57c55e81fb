// SPDX-License-Identifier: Apache-2.0
// From the registry's database to those who look up: two threads of the directory process.
//
// One reads everything once, then what has changed; the other sends both to the signaller and to the directory's own look-ups, also to
// one that is started while the former waits. A database that hangs, is locked or gone stops nobody: the last good state serves on,
// and across a restart from a file that only we can have written (LUF-A2).
#ifndef MAIN_FEED_H
#define MAIN_FEED_H

#include "base/result.h"
#include "registry/ldr.h"
#include "registry/store/store.h"
#include "terms/ipc_ldr.h"

#include <sodium.h>

enum {
	FEED_POLL_MS = 200,            // a change is seen within that and sent at once: far below the second that is promised
	FEED_RETRY_MIN_MS = 1000,      // a database that is gone is tried again, ever less often
	FEED_RETRY_MAX_MS = 30000,
	FEED_CACHE_MS = 60000,         // between two writings of the cache; large registries five times as long
	FEED_CACHE_LARGE = 1000000,    // ranges
	FEED_CONSUMERS = 2,            // signaller, and the directory's own look-ups
	FEED_READ_MOST = OVERLAY_MAX / 4, // changes taken one by one; more at once are read as a whole
	FEED_KEY_LEN = crypto_generichash_KEYBYTES,
	FEED_PATH_MAX = 4096,
};

struct feed_config {
	const char *uri;               // of the database
	const char *cache;             // path of the cache file; "": none
	uint8_t key[FEED_KEY_LEN];     // that signs it
	int consumer[FEED_CONSUMERS];  // channels (terms/ipc_ldr.h); -1: none
};

// Serve the cache, then start the threads; what CONFIG points at must stay. E_NO_MEMORY, E_SYSTEM.
MUST_USE result feed_start(const struct feed_config *config);

#endif
