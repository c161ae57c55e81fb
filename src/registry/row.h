// SPDX-License-Identifier: Apache-2.0
// Rows of the registry: what a provider writes down about who owns a number or a domain and how he is reached. Names follow
// RFC 7877 where it has one (public identifier, destination group, SED group, SED record).
//
//   peer    a provider we may reach; its controls stand in the configuration under the same name
//   group   a SED group: several routes, and the ceiling of what one may cost
//   route   one way of a group: a peer with priority, weight, cost, hours
//   range   a public identifier: a prefix of E.164 numbers or one number, its owner, where it goes, its routing number
//   domain  a public identifier: a SIP domain, its owner, where it goes
//   sed     a SED record: one next hop of a peer
//
// `to` names a group or a peer; a peer stands for the group that has it as its only route. No group is named as a peer is.
//
// Texts are canonical: what row_set() takes, row_get() gives back octet for octet (but for the many spellings of an IPv6
// address and of yes and no). No text holds a control octet, so that rows may be joined by tabs.
#ifndef REGISTRY_ROW_H
#define REGISTRY_ROW_H

#include "registry/snapshot.h"

enum row_kind { ROW_PEER = 1, ROW_GROUP, ROW_ROUTE, ROW_RANGE, ROW_DOMAIN, ROW_SED, ROW_KINDS };

enum {
	ROW_HOURS_MAX = 48,
	ROW_ORGANIZATION_MAX = 96,
	ROW_COST_MAX = 1000000, // in the operator's own unit, per minute or per call
};

struct row_peer {
	char name[NAME_MAX_LEN];
	char organization[ROW_ORGANIZATION_MAX]; // free text, UTF-8 without control characters; "" none
};

struct row_group {
	char name[NAME_MAX_LEN];
	uint32_t cost_ceiling; // 0: none; a route that costs more is refused (LRF-I4)
};

struct row_route {
	char group[NAME_MAX_LEN], peer[NAME_MAX_LEN];
	uint16_t priority; // lower first (RFC 2782)
	uint16_t weight;   // share among equals (RFC 2782)
	uint32_t cost;
	char hours[ROW_HOURS_MAX]; // "" always; "mon-fri 08:00-18:00", UTC
};

struct row_range {
	char prefix[NUMBER_MAX]; // "+" and 1..15 digits
	uint8_t exact;           // 1: this number alone, 0: everything that begins so
	char owner[NAME_MAX_LEN]; // the peer that holds the numbers; only he may hold what lies within, but for ported numbers
	char to[NAME_MAX_LEN];
	char rn[NUMBER_MAX];     // routing number of a ported number or range (RFC 4694), "+" and digits; "" none
};

struct row_domain {
	char domain[DOMAIN_MAX]; // lower case, no final dot, LDH labels
	char owner[NAME_MAX_LEN], to[NAME_MAX_LEN];
};

struct row_sed {
	char peer[NAME_MAX_LEN];
	uint8_t transport; // enum transport
	struct address address; // with port; a number, never a name: names are for DNS
	uint16_t priority, weight;
};

struct row {
	uint8_t kind; // enum row_kind
	union {
		struct row_peer peer;
		struct row_group group;
		struct row_route route;
		struct row_range range;
		struct row_domain domain;
		struct row_sed sed;
	} u;
};

enum { ROW_REASON_MAX = 160, ROW_COLUMNS_MAX = 8, ROW_TEXT_MAX = 1024 };

struct row_fault {
	char text[ROW_REASON_MAX]; // "prefix: \"030\" is national; write it as +4930": what and how to mend
};

// The columns of KIND in order, NULL-ended, the key columns first; *KEYS how many of them are the key. Static storage.
const char *const *row_columns(enum row_kind kind, uint32_t *keys);
const char *row_kind_name(enum row_kind kind); // "peer", ... Static storage.
enum row_kind row_kind_of(struct bytes name);  // ROW_KINDS: none
// Set COLUMN of ROW (whose kind is set) from text. Everything is checked: E.164 with "+", at most 15 digits, names of
// [a-z0-9._-], domains by LDH and 253 octets, numbers in range, UTF-8, no control octets (LUF-I1). E_SYNTAX, E_TOO_LONG,
// E_UNSUPPORTED (no such column); FAULT tells people.
MUST_USE result row_set(struct row *row, struct bytes column, struct bytes value, struct row_fault *fault);
// The same by the number of the column. E_UNSUPPORTED when there is no column I.
MUST_USE result row_set_at(struct row *row, uint32_t i, struct bytes value, struct row_fault *fault);
// Is column I of KIND a number (priority, weight, cost, exact), and no text? For those who make tables.
bool row_column_is_number(enum row_kind kind, uint32_t i);
// May TEXT stand in a row: UTF-8 without control characters?
bool row_text_ok(struct bytes text);
// What must hold of a whole row before it may be staged: every required column is there (E_MISSING), and whoever filled in
// the struct kept to what row_set() takes (E_SYNTAX).
MUST_USE result row_check(const struct row *row, struct row_fault *fault);
// The text of column I of ROW into OUT of ROW_TEXT_MAX octets, NUL-terminated.
void row_get(const struct row *row, uint32_t i, char *out);
bool row_equal(const struct row *a, const struct row *b);
bool row_same_key(const struct row *a, const struct row *b);

struct row_hours { // parsed
	uint8_t days;  // bit 0 Monday .. bit 6 Sunday
	uint16_t from_min, to_min; // minutes of the day, UTC; to < from goes over midnight, and belongs to the day it began
};
// "mon-fri 08:00-18:00": days alone, times alone, or days, one space, times. Days: "mon", "sat,sun", "fri-mon"; times: 00:00
// to 24:00. E_SYNTAX. "" is always.
MUST_USE result row_hours_parse(struct bytes text, struct row_hours *out);
bool row_hours_hold(const struct row_hours *h, uint64_t wall_ms);

#endif
