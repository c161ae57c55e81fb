// SPDX-License-Identifier: Apache-2.0
// `sallyport audit`: threats of the catalogue, executed against a laboratory target of any make.
//
// The auditor plays three roles from three local addresses: the caller and the called side, which the target
// provisions as two of its peers, and a stranger, whom it does not know. Each probe is a row: it sets up what it
// needs (a real call through the target, where it attacks a call), attacks, and gives a verdict with evidence.
// For look-ups it plays more: the DNS server that the target asks, two peers that are found by it, and who asks the portal.
// Octets, packets and time of each probe are bounded. Targets are loopback or private addresses, or named by their
// owner (`--i-own NAME`).
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "base/address.h"
#include "base/result.h"

#include <jansson.h>
#include <stdio.h>

enum audit_exit { // as the other sub-commands
	AUDIT_HELD = 0,   // nothing failed
	AUDIT_FAILED = 1, // a probe failed, or nothing could be tried
	AUDIT_USAGE = 2,  // the command line is wrong, or the target is refused
};

enum {
	AUDIT_TEXT_MAX = 128,
	AUDIT_PREFIX_MAX = 8,           // [octets] six digits of a number follow it, of fifteen (E.164)
	AUDIT_PATH_MAX = 256,           // [octets] of a file's name
	AUDIT_EVIDENCE_MAX = 480,       // [octets] two lines of a terminal for each of four findings
	AUDIT_PACKETS_MAX = 5000,       // of one probe: an audit is no flood
	AUDIT_RATE_MAX = 1000,          // [packets/s] below what any border element meets daily
	AUDIT_RATE_DEFAULT = 200,       // [packets/s] stays under the message limits of a usual peer
	AUDIT_PROBE_SECONDS_MAX = 300,  // [s]
	AUDIT_PROBE_SECONDS = 60,       // [s] default
	AUDIT_CONNECTIONS_MAX = 1024,
	AUDIT_CONNECTIONS_DEFAULT = 128, // from one source; a border element that takes them all has no cap worth the name
	AUDIT_DEADLINE_DEFAULT_S = 40,  // [s] timer F (32 s) and some: nobody has a reason to stay silent longer
	AUDIT_ONLY_MAX = 512,           // [octets] every probe by name fits
};

enum audit_need { // what a probe cannot do without
	AUDIT_NEEDS_CALLER = 1,   // a peer identity
	AUDIT_NEEDS_CALLED = 2,   // a second one, to which the target routes
	AUDIT_NEEDS_STREAM = 4,   // a TCP or TLS address of the target
	AUDIT_NEEDS_STRANGER = 8, // an address that the target does not know
	AUDIT_NEEDS_DNS = 16,     // the target asks our DNS server
	AUDIT_NEEDS_RESOLVED = 32, // a peer that DNS leads to, over UDP
	AUDIT_NEEDS_SECURED = 64, // one over TLS alone, with its certificate and a false one
	AUDIT_NEEDS_PORTAL = 128, // the HTTPS socket of the target's look-up service
};

struct audit_settings { // see the rows in options.c
	struct address target;        // where the caller and the stranger send to
	struct address called_target; // the side that faces the called role
	struct address stream;        // TCP or TLS listener of the target; family 0: none
	struct address caller, called, stranger; // local addresses; family 0: not given
	struct address resolved, secured; // local addresses of the peers that DNS leads to
	struct address dns;           // local address of the DNS server that the target asks
	struct address portal;        // HTTPS socket of the target
	char apex[AUDIT_TEXT_MAX], signed_apex[AUDIT_TEXT_MAX]; // ENUM trees of the target: believed as it is, and with DNSSEC alone
	char prefix[AUDIT_TEXT_MAX];  // "+4977": numbers that the target can only learn by ENUM
	char resolved_domain[AUDIT_TEXT_MAX], secured_domain[AUDIT_TEXT_MAX];
	char certificate[AUDIT_PATH_MAX], key[AUDIT_PATH_MAX]; // of the secured peer
	char false_certificate[AUDIT_PATH_MAX], false_key[AUDIT_PATH_MAX]; // of the same authority, for another name
	char own[AUDIT_TEXT_MAX];     // the name that the operator confirms to own
	char name[AUDIT_TEXT_MAX];    // the target as it was written
	char domain[AUDIT_TEXT_MAX];  // host part of URIs; default: the target's address
	char from[AUDIT_TEXT_MAX], to[AUDIT_TEXT_MAX]; // user parts
	char only[AUDIT_ONLY_MAX];    // "SF-I1,MF-C3": threats to try; "" is all
	uint64_t seed;
	uint32_t rate;                // [packets/s]
	uint32_t packets;             // of one probe
	uint32_t seconds;             // [s] of one probe
	uint32_t connections, deadline_s;
	bool json, list;
};

enum audit_verdict { AUDIT_V_HELD = 0, AUDIT_V_FAILED, AUDIT_V_INCONCLUSIVE, AUDIT_V_SKIPPED, AUDIT_V_COUNT };

struct audit_result {
	enum audit_verdict verdict;
	char evidence[AUDIT_EVIDENCE_MAX];
	uint32_t packets;   // sent
	uint32_t ms;        // [ms] it took
};

struct audit; // a run: inside.h

struct audit_probe {
	const char *threats;     // "SF-C3 LRF-C2"
	const char *name;        // unique, "forged-bye"
	const char *description; // one line
	uint32_t needs;          // of enum audit_need
	void (*run)(struct audit *a, struct audit_result *r);
};

extern const struct audit_probe audit_probes[];
extern const uint32_t audit_probe_count;

// The sub-command. ARGV[0] is "audit"; the rest as in doc/audit.md. Answers one of enum audit_exit.
int audit_main(int argc, char **argv);

// options.c: read ARGV (and the file that --config names) into S. E_CONFIG: said on standard error what and how to
// mend. Pure but for that file.
MUST_USE result audit_options_read(int argc, char **argv, struct audit_settings *s);
// One option by name, as on the command line or in the file. E_CONFIG with a reason in WHY (static).
MUST_USE result audit_option_set(struct audit_settings *s, const char *name, const char *value, const char **why);
void audit_usage(FILE *to);

// target.c: may this address be attacked? OWN is the confirmed name (or ""), NAME what the operator wrote as target.
// E_POLICY unless the address is loopback, private, or OWN equals NAME.
MUST_USE result audit_target_allowed(const struct address *a, const char *own, const char *name);

// report.c
// One row of the table, as soon as the probe has ended.
void audit_report_row(FILE *to, const struct audit_probe *p, const struct audit_result *r);
// The whole report; NULL when memory is out. The caller owns it.
json_t *audit_report_json(const struct audit_settings *s, const struct audit_probe *probes,
	const struct audit_result *results, uint32_t n);
// AUDIT_HELD only when nothing failed and at least one probe held.
int audit_report_exit(const struct audit_result *results, uint32_t n);
// Is P named by the list S->only (a threat id, or the probe's name), or the list empty?
bool audit_selected(const struct audit_settings *s, const struct audit_probe *p);

#endif
