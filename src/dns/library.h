// SPDX-License-Identifier: Apache-2.0
// libunbound, set up: iterator or forwarder, validator, its own bounds. It works in a thread of its own and tells by ub_fd() when it
// has answers.
//
// Not in its mode for event loops (ub_ctx_create_event), for two reasons that were tried with 1.17: there it looks at the clock when
// packets come and not when it is asked, so that after a quiet hour it answers from its cache as if no time had passed; and a
// set of keys that costs seconds to validate (KeyTrap) would keep the loop from its deadlines (LUF-A3).
//
// Debian's library has no TLS: it sends in clear (doc/manual.md, "DNS"). It reads all its files when it is made, so that it may be
// made before the sandbox; within the sandbox it needs /proc/self and /etc.
#ifndef DNS_LIBRARY_H
#define DNS_LIBRARY_H

#include "dns/managed.h"
#include "registry/snapshot.h"

#include <unbound.h>

enum { DNS_LIBRARY_TEXT_MAX = 32 * 1024 }; // [octets] its configuration: 32 suffixes of 256 octets, and what is fixed

// Its configuration, as unbound.conf(5), into OUT. E_TOO_LONG.
MUST_USE result dns_library_text(const struct dns_settings *s, char *out, size_t room);
// A context with S and the trust anchors of text ANCHORS, of which it follows those that M says (NULL: none); its thread begins with the
// first question, so that it is within the sandbox.
// E_SYSTEM: it does not take them; the log says what. E_NO_MEMORY, E_TOO_LONG.
MUST_USE result dns_library_new(struct ub_ctx **out, const struct dns_settings *s, struct bytes anchors, struct dns_managed *m);

#endif
