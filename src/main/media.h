// SPDX-License-Identifier: Apache-2.0
// What monitor and media process must agree on.
#ifndef MAIN_MEDIA_H
#define MAIN_MEDIA_H

#include "net/media_io.h"
#include "registry/snapshot.h"

// The memfd in which sessions outlive a crash, sealed against resizing. E_SYSTEM.
MUST_USE result media_memfd(const struct snapshot *s, uint32_t workers, int *fd);

#endif
