// SPDX-License-Identifier: Apache-2.0
// Signed questions to the primary: a zone transfer (RFC 5936) and updates (RFC 2136).
#ifndef PUBLISH_SESSION_H
#define PUBLISH_SESSION_H

#include "base/address.h"
#include "publish/tsig.h"

enum {
	PUBLISH_UPDATE_TIMEOUT_MS = 30000,    // the primary signs what changes before it answers
	PUBLISH_TRANSFER_TIMEOUT_MS = 120000, // of PUBLISH_RECORDS_MAX records with their signatures
};

struct publish_server {
	struct address address;
	struct tsig_key key;
	uint32_t update_timeout_ms, transfer_timeout_ms; // as above but in tests
};

// The NAPTR records that ZONE holds now, sorted. *OUT is of the caller (ldns_rr_list_deep_free). Every message of the transfer
// must be signed. WHY is filled in when it fails.
MUST_USE result publish_transfer(const struct publish_server *server, const char *zone, ldns_rr_list **out,
	struct publish_fault *why);
// Send UPDATE, which gets an id and a signature here, and read the answer.
MUST_USE result publish_update(const struct publish_server *server, ldns_pkt *update, struct publish_fault *why);
// What the answer code RCODE of a server means; PUBLISH_FINE for NOERROR.
enum publish_trouble publish_rcode_trouble(uint8_t rcode);

#endif
