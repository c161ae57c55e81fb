// SPDX-License-Identifier: Apache-2.0
// The steps after parsing, in order. Each says all that it finds wrong and leaves the draft usable for the
// next.
#ifndef CONF_STEPS_H
#define CONF_STEPS_H

#include "conf/draft.h"

// Zones and listeners: names to numbers, sockets against one another (system.c).
void conf_check_system(struct conf_load *c);
// Read certificate and anchors through the caller's reader (pem.c).
void conf_read_certificates(struct conf_load *c);
// Upstreams against `tls`, policies against anchors, whose file is read here (dns.c).
void conf_check_dns(struct conf_load *c);
// What a peer on demand may be told, and must be (demand.c).
void conf_check_demand(struct conf_load *c, struct conf_peer *p);
// Defaults that depend on the zone, next hops (reach.c).
void conf_check_reach(struct conf_load *c, struct conf_peer *p);
// Names, certificate names and ranges that two peers share (unique.c).
void conf_check_unique(struct conf_load *c);
// Is each control there, or waived (control.c)?
void conf_check_controls(struct conf_load *c, struct conf_peer *p);
// The published zone: names against one another, peers, and that no address of the core is told (publish.c).
void conf_check_publish(struct conf_load *c);
// The portal's zone, certificate and sockets, and the peers that may use it (portal.c).
void conf_check_portal(struct conf_load *c);
// Options of scope `start` against the previous snapshot (reload.c).
void conf_check_reload(struct conf_load *c);
// The sealed snapshot and the list of names (build.c). E_NO_MEMORY, E_CONFIG when peers have no number left.
MUST_USE result conf_build(struct conf_load *c, struct conf_result *out);

// Is A a SIP socket of L, by its own or its advertised address?
bool conf_is_socket_of(const struct listener *l, const struct address *a);
// NULL when A may be a next hop of P, else what speaks against it. OWN: it is a socket of ours.
const char *conf_target_fault(const struct peer *p, const struct address *a, bool own);
// The same of W, an answer to WANT: also its transport is one that was asked for (LRF-I3).
const char *conf_way_fault(const struct peer *p, const struct locate_want *want, const struct way *w, bool own);
// One more target of the configuration: the next hops that it leads to, in order, as far as there is room.
void conf_targets_add(struct peer *p, const struct way *way, uint32_t count);
// What DNS is asked about target T of P (RFC 3263): the floor, and what our sockets of the zone can do.
struct locate_want conf_want(const struct conf_load *c, const struct conf_peer *p, const struct conf_target *t);

// The name of place SLOT of P, from 1 on; 0: P itself (demand.c).
void conf_slot_name(const struct conf_peer *p, uint32_t slot, char out[NAME_MAX_LEN]);
// TO, a peer of the next snapshot, stays whose it is in the one before, BEFORE (NULL: new). False: its domain must not be there any
// more, and the place is gone.
bool conf_slot_carry(const struct conf_load *c, struct peer *to, const struct peer *before);

bool conf_zone_is_core(const struct conf_load *c, zone_id zone);
// Does zone ZONE have a socket for TRANSPORT and address family FAMILY (0: any)?
bool conf_zone_listens(const struct conf_load *c, zone_id zone, uint8_t transport, uint8_t family);

#endif
