// SPDX-License-Identifier: Apache-2.0
// The table of requests that the monitor grants, by role and type. What stands in no row is refused.
#ifndef GUARD_REQUESTS_H
#define GUARD_REQUESTS_H

#include "registry/snapshot.h"
#include "terms/ipc_control.h"

// Is message M (N octets received) from a child of ROLE one that the monitor carries out, given snapshot S?
// E_SYNTAX: not a control message; E_POLICY: not for this role; E_NOT_FOUND: an address that is not that peer's.
MUST_USE result request_check(unsigned role, const struct ipc_control *m, size_t n, const struct snapshot *s);

#endif
