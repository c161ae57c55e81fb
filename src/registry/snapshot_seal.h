// SPDX-License-Identifier: Apache-2.0
// What sealing and checking of a snapshot share.
#ifndef REGISTRY_SNAPSHOT_SEAL_H
#define REGISTRY_SNAPSHOT_SEAL_H

#include "registry/snapshot.h"

enum { SNAPSHOT_DIGEST_LEN = 32 }; // BLAKE2b-256
_Static_assert(sizeof(((struct snapshot *)0)->checksum) == SNAPSHOT_DIGEST_LEN, "room for the digest");

// BLAKE2b of SIZE octets from S on, the checksum field taken as zero. SIZE >= sizeof(struct snapshot).
void snapshot_digest(const struct snapshot *s, size_t size, uint8_t out[SNAPSHOT_DIGEST_LEN]);

#endif
