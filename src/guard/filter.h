// SPDX-License-Identifier: Apache-2.0
// The system call filter of each role: an allow-list; anything else ends the process.
#ifndef GUARD_FILTER_H
#define GUARD_FILTER_H

#include "guard/sandbox.h"

// *CALLS is how many system calls the role may make. E_SYSTEM.
MUST_USE result filter_enter(const struct sandbox_config *c, uint32_t *calls);

#endif
