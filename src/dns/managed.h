// SPDX-License-Identifier: Apache-2.0
// Which zones' trust anchors are followed by RFC 5011, and where their state is.
//
// Each zone of dns.trust_anchors has one file in the folder, named after the zone and after the print of its configured records. So a zone
// whose records the operator changes begins anew from them, and a former library that still writes touches another file. A zone that cannot
// be followed is served by its configured records, or by what was learnt of it; the log says why.
#ifndef DNS_MANAGED_H
#define DNS_MANAGED_H

#include "dns/state.h"

#include <sys/types.h>

enum {
	DNS_MANAGED_ZONES_MAX = 32, // as many as rows of policy; further zones are not followed
	DNS_MANAGED_PATH_MAX = 768, // [octets] folder, zone, print
	DNS_MANAGED_WHY_MAX = 640,  // [octets] a fault of the folder with its mend; it names the folder twice
};

enum dns_managed_how {
	DNS_CONFIGURED, // by the configured records alone
	DNS_FOLLOWED,   // by its state, which the library keeps
	DNS_LEARNT,     // by the keys of its state, which cannot be written now
};

struct dns_managed_zone {
	char apex[DOMAIN_MAX]; // lower case, no final dot; "" is the root
	char name[DOMAIN_MAX + 32]; // of its file
	uint8_t how;           // enum dns_managed_how
	bool unfit;            // cannot be followed whatever its state
	uint64_t seed;         // print of its configured records
	char told[DNS_STATE_TEXT_MAX]; // what the log has of it
};

struct dns_managed {
	char folder[256];    // as configured
	uint32_t holddown_s; // 0: 30 days (RFC5011#2.4.1); tests have less time
	bool unwritable;     // worth another try later
	uint32_t count;
	struct dns_managed_zone zone[DNS_MANAGED_ZONES_MAX];
	size_t anchors_len;
	uint8_t *anchors;    // heap: the configured text
	struct dns_state state; // scratch
};

// FOLDER and HOLDDOWN_S as above, no zones yet. E_NO_MEMORY, E_TOO_LONG.
MUST_USE result dns_managed_new(struct dns_managed **out, const char *folder, uint32_t holddown_s, struct bytes anchors);
void dns_managed_free(struct dns_managed *m);
// Find the zones of the anchors that policy S does not switch off; read their state, seed what is absent. What cannot be followed is told.
void dns_managed_prepare(struct dns_managed *m, const struct dns_settings *s);
// The library refuses: every zone is served by its configured records.
void dns_managed_give_up(struct dns_managed *m);
// How the zone OWNER (lower case, no final dot) is served. M may be NULL.
enum dns_managed_how dns_managed_how_of(const struct dns_managed *m, const char *owner);
// The path of zone I's file.
char *dns_managed_path(const struct dns_managed *m, uint32_t i, char out[DNS_MANAGED_PATH_MAX]);
// Read the state of zone I into M->state again.
void dns_managed_read(struct dns_managed *m, uint32_t i);
// Tell the log what has changed: key tags and their states.
void dns_managed_look(struct dns_managed *m);
// Remove the files of zones and records that are not configured any more. Nobody else may write there meanwhile.
void dns_managed_clean(const struct dns_managed *m);
// Can a process of user UID (NAME, for people) keep state in FOLDER, or make it? WHY tells what is wrong, and how to mend it.
bool dns_managed_folder_ok(const char *folder, uid_t uid, const char *name, char why[DNS_MANAGED_WHY_MAX]);

#endif
