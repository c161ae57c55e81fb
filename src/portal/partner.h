// SPDX-License-Identifier: Apache-2.0
// A partner's profile, read into the values that a peer of our configuration needs, and written as that peer object.
//
// The profile's signature is verified by then, but its signer is another company: every value is checked against the grammar
// that the configuration has for it, none is copied as text. What would loosen a control (a transport without TLS, media in
// clear) is written as told and stays a fault of `sallyport check` for people to decide.
#ifndef PORTAL_PARTNER_H
#define PORTAL_PARTNER_H

#include "portal/envelope.h"

#include <stdio.h>

enum {
	PARTNER_CODECS_MAX = PEER_CODECS_MAX,
	PARTNER_DBES_MAX = MEDIA_PREFIXES_MAX, // as many as media.addresses takes
	PARTNER_HEAD_MAX = 1024,               // [octets] of an imported file that are looked at for its serial
	PARTNER_WAIVER_DAYS = 90,              // for the identity control, which this release cannot meet
};

struct partner_target {
	enum transport transport;
	struct address address; // with port
};

struct partner {
	char domain[DOMAIN_MAX], made_for[DOMAIN_MAX], content[PROFILE_DIGEST_TEXT];
	uint64_t serial, until_s;
	uint32_t target_count, address_count, media_count;
	struct partner_target target[PEER_TARGETS_MAX];
	struct address address[PEER_PREFIXES_MAX]; // that its requests come from
	struct address media[PARTNER_DBES_MAX];
	uint32_t caller_count, served_count;
	struct number_prefix caller[PEER_NUMBERS_MAX], served[PEER_NUMBERS_MAX];
	uint32_t calls_per_second, concurrent_calls, messages_per_second;
	enum srtp_policy srtp;
	bool per_leg, strict;
	uint32_t codec_count, suite_count;
	char codec[PARTNER_CODECS_MAX][CODEC_NAME_MAX];
	const char *suite[MEDIA_SUITES_MAX]; // static storage
	uint32_t expires_s, min_se_s;
};

struct partner_local { // what is ours to say
	const char *name, *zone, *trust; // as the configuration writes them
	uint64_t wall_ms;
};

// Read PROFILE, which envelope_open gave. E_SYNTAX, E_TOO_MANY, E_POLICY (an address that nobody can have); FAULT tells.
MUST_USE result partner_read(const json_t *profile, struct partner *out, struct envelope_fault *fault);
// May P take the place of what HEAD, the first octets of a file that partner_write made, was made from? E_STALE: that one is
// newer; E_POLICY: that one is of another domain, or no such file. FAULT tells.
MUST_USE result partner_follows(const struct partner *p, struct bytes head, struct envelope_fault *fault);
// Is TEXT a name that the configuration takes for peers and zones?
bool partner_name_good(const char *text);
// Write the peer object, an item of `peers`. False: TO cannot be written.
bool partner_write(const struct partner *p, const struct partner_local *local, FILE *to);

#endif
