// SPDX-License-Identifier: Apache-2.0
// Transaction signatures (RFC 8945): what we ask is signed, and nothing that comes back is believed without one.
#ifndef PUBLISH_TSIG_H
#define PUBLISH_TSIG_H

#include "base/span.h"
#include "publish/fault.h"

#include <ldns/ldns.h>

enum {
	TSIG_FUDGE_S = 300,       // RFC8945#10
	TSIG_SECRET_MIN = 32,     // [octets] as long as the digest (RFC8945#8)
	TSIG_SECRET_MAX = 128,    // [octets] a longer one is hashed down anyway (RFC2104#3)
	TSIG_SECRET_TEXT_MAX = 176, // base64 of it, and a NUL
};

enum tsig_algorithm { TSIG_HMAC_SHA256, TSIG_HMAC_SHA512 };

struct tsig_key {
	const char *name;                     // no final dot
	uint8_t algorithm;                    // enum tsig_algorithm
	char secret[TSIG_SECRET_TEXT_MAX];    // base64; wipe it after use
};

// Read the text of a secret file: one line of base64, TSIG_SECRET_MIN to TSIG_SECRET_MAX octets. E_SYNTAX, E_TOO_LONG, and
// E_MISSING when it is too short to be a key.
MUST_USE result tsig_secret_read(struct bytes text, struct tsig_key *key);
// Sign PKT, a question. E_NO_MEMORY.
MUST_USE result tsig_sign(ldns_pkt *pkt, const struct tsig_key *key);

struct tsig_chain { // the answers to one question
	ldns_rdf *mac;  // of the message before; owned: tsig_chain_end()
	bool later;     // behind the first answer only the timers are signed (RFC8945#5.3.1)
};
// Begin with the signed question PKT. E_NO_MEMORY.
MUST_USE result tsig_chain_begin(struct tsig_chain *c, const ldns_pkt *pkt);
// Is answer PKT, read from WIRE, signed with KEY at about NOW_S [s since 1970]? PUBLISH_FINE, or what is wrong; an answer that
// says that the server did not accept our signature is PUBLISH_BAD_KEY, BAD_SIGNATURE, BAD_TIME.
enum publish_trouble tsig_chain_check(struct tsig_chain *c, ldns_pkt *pkt, struct bytes wire, const struct tsig_key *key,
	uint64_t now_s);
void tsig_chain_end(struct tsig_chain *c);

#endif
