// SPDX-License-Identifier: Apache-2.0
// What monitor and media process must agree on.
#ifndef MAIN_MEDIA_H
#define MAIN_MEDIA_H

#include "net/media_io.h"
#include "registry/snapshot.h"

// Bounds of the media process by the configuration; sockets and channels are left empty.
void media_config(const struct snapshot *s, uint32_t workers, struct media_io_config *out);
// The memfd in which sessions outlive a crash, sealed against resizing. E_SYSTEM.
MUST_USE result media_memfd(const struct snapshot *s, uint32_t workers, int *fd);

#endif
