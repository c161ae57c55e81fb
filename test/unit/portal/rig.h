// SPDX-License-Identifier: Apache-2.0
// Two providers in memory, each with its own authority: a, whose profile is made for b and for c, and b, who imports it.
#ifndef TEST_PORTAL_RIG_H
#define TEST_PORTAL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/conf.h"
#include "portal/partner.h"
#include "support/pki.h"

struct rig {
	struct pki authority, leaf, other_authority, other_leaf; // "other": of another provider
	uint64_t wall_ms;
	struct conf_result a; // the configuration of provider a, domain a.example
};

void rig_begin(struct rig *g, enum pki_key key);
void rig_end(struct rig *g);
// Load YAML with files in memory: "a.pem" the leaf with its issuer, everything else the authority of a.
struct conf_result rig_load(struct rig *g, const char *yaml);
peer_id rig_peer(const struct rig *g, const char *name);
json_t *rig_profile(const struct rig *g, const char *name);
// The profile for NAME, signed; free with free().
char *rig_sealed(struct rig *g, const char *name);
struct bytes rig_chain(const struct rig *g); // "a.pem"
// The configuration of provider b, with PEERS as its list of peers besides his core.
const char *rig_partner_text(const char *peers);

#endif
