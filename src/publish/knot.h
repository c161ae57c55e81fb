// SPDX-License-Identifier: Apache-2.0
// Configurations of Knot DNS 3.2 for a published zone: what `sallyport luf publish --out` writes.
//
// The zone is signed by the primary and its denials are hashed (NSEC3, RFC 5155, RFC 9276; LUF-C1). The publishing key may
// change NAPTR records below the zone's name and nothing else; secondaries copy with a key of their own, and take no zone whose
// signatures do not fit. Both limit the answers to one address (LUF-A2, LUF-C1).
#ifndef PUBLISH_KNOT_H
#define PUBLISH_KNOT_H

#include "conf/conf.h"
#include "publish/tsig.h"

#include <stdio.h>

enum {
	KNOT_ANSWERS_PER_SECOND = 100, // of one kind to one network: a resolver that caches asks far less
	KNOT_EXPIRE_S = 604800, // a copy is served so long without the primary; signatures always hold longer (14 days, renewed after 7)
	KNOT_DENIAL_TTL_S = 60, // "there is none" is believed so long: a new number is found soon (DNS_NEGATIVE_TTL_MAX_S)
};

// The zone as it begins: SOA and NS. DOMAIN: ours, for the mailbox of the SOA record.
void publish_knot_zone(FILE *to, const struct conf_publish *p, const char *domain);
// knot.conf of the primary. COPY: the key of the secondaries, NULL when there are none.
void publish_knot_primary(FILE *to, const struct conf_publish *p, const struct tsig_key *key, const struct tsig_key *copy);
// knot.conf of secondary I.
void publish_knot_secondary(FILE *to, const struct conf_publish *p, const struct tsig_key *copy, uint32_t i);

#endif
