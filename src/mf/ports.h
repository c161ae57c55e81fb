// SPDX-License-Identifier: Apache-2.0
// The RTP port pairs of one listener (even RTP, odd RTCP port): handed out at random, kept back after use.
//
// Random choice makes the next port hard to guess; the quarantine keeps late packets of an ended call out of
// the next one (MF-C5). The number of pairs is the cap (MF-A4). No sockets: a pair is its place in the
// listener's list.
#ifndef MF_PORTS_H
#define MF_PORTS_H

#include "base/address.h"

struct mf_ports; // opaque

// PAIRS: N RTP addresses, kept by the caller as long as the list lives. Nothing is handed out again for
// QUARANTINE_US after its release. E_NO_MEMORY.
MUST_USE result mf_ports_new(
	struct mf_ports **out, const struct address *pairs, uint32_t n, uint64_t quarantine_us);
void mf_ports_free(struct mf_ports *p);
// A random free pair. E_FULL when all are in use or in quarantine.
MUST_USE result mf_ports_take(struct mf_ports *p, uint64_t now_us, uint32_t *pair);
// Take the pair with RTP address A, after a restart. E_NOT_FOUND, E_DUPLICATE.
MUST_USE result mf_ports_claim(struct mf_ports *p, const struct address *a, uint32_t *pair);
// Give back; quarantine begins. A pair that is not in use is left alone.
void mf_ports_release(struct mf_ports *p, uint32_t pair, uint64_t now_us);
const struct address *mf_ports_address(const struct mf_ports *p, uint32_t pair);
uint32_t mf_ports_used(const struct mf_ports *p);
// Another quarantine from now on; pairs that still wait follow it too, those that have waited are free.
void mf_ports_quarantine(struct mf_ports *p, uint64_t quarantine_us, uint64_t now_us);
// Tests: let a released pair be the next one taken, at once (MF-C5 with its gate off).
void mf_ports_quarantine_off(struct mf_ports *p);

#endif
