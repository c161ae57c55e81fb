// SPDX-License-Identifier: Apache-2.0
// Landlock: no file but the named ones, and where the kernel knows it no TCP bind or connect, no signals to others.
#ifndef GUARD_LANDLOCK_H
#define GUARD_LANDLOCK_H

#include "guard/sandbox.h"

// *ABI is what the kernel offers; 0: it has no Landlock, nothing was done. E_SYSTEM.
MUST_USE result landlock_enter(const struct sandbox_config *c, int *abi);

#endif
