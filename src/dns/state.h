// SPDX-License-Identifier: Apache-2.0
// The state of one zone's trust anchors as libunbound keeps it by RFC 5011: one file, in a folder that only the resolver may write.
//
// Until the library has seen the zone's keys the file holds what it was seeded with: the configured records. The library replaces it whenever
// it has looked at the keys. Nothing of a file is believed that somebody else may have written, or that does not read to its end.
#ifndef DNS_STATE_H
#define DNS_STATE_H

#include "base/result.h"
#include "base/span.h"
#include "registry/snapshot.h"

enum {
	DNS_STATE_MAX = 64 * 1024,   // [octets] a zone has two or three keys; sixty of 4096 bit fit
	DNS_STATE_KEYS_MAX = 32,     // keys of a zone, those that have gone included
	DNS_STATE_TEXT_MAX = 512,    // [octets] all of them for people: "65535 ADDPEND, " each
};

enum dns_key_state { // RFC5011#4.2, numbered as libunbound writes them
	DNS_KEY_START, DNS_KEY_ADDPEND, DNS_KEY_VALID, DNS_KEY_MISSING, DNS_KEY_REVOKED, DNS_KEY_REMOVED, DNS_KEY_STATES,
};

struct dns_state {
	const char *fault;  // NULL: good; else what is wrong with it
	bool absent;        // there is no such file: no fault
	bool kept;          // the library has written it; else it is a seed
	bool all_revoked;   // the zone has no anchor any more (RFC5011#5)
	uint64_t seed;      // sum of the records' prints
	uint32_t count, trusted;
	struct {
		uint16_t tag;
		uint8_t state; // enum dns_key_state
		uint32_t at;   // of the record in the text, which ends with a NUL or a semicolon
	} key[DNS_STATE_KEYS_MAX];
	size_t len;
	char text[DNS_STATE_MAX + 1];
};

struct dns_record { // a DS or DNSKEY record as people write it
	char owner[DOMAIN_MAX]; // lower case, no final dot; "" is the root
	uint64_t print;         // the same for equal records, whatever their spelling and TTL
	uint16_t tag;
	bool key, secure_entry; // DNSKEY; with SEP: only such keys are followed (RFC5011#3)
};

// The record at the beginning of TEXT, which a line end, a comment or a NUL ends. E_SYNTAX: it is none. E_NO_MEMORY.
MUST_USE result dns_record_read(struct dns_record *out, const char *text);
// Read the file NAME in FOLDER (a descriptor), which should be of the zone APEX. OUT->fault tells when it is not to be believed.
void dns_state_read(struct dns_state *out, int folder, const char *name, const char *apex);
// "20326 VALID, 38696 ADDPEND" into OUT; returns OUT.
char *dns_state_text(const struct dns_state *s, char out[DNS_STATE_TEXT_MAX]);
// Write TEXT as the file NAME in FOLDER: whole, or not at all. E_SYSTEM.
MUST_USE result dns_state_write(int folder, const char *name, struct bytes text);

#endif
