// SPDX-License-Identifier: Apache-2.0
// Configuration: YAML text in, a sealed snapshot and a list of messages out.
//
// No files and no network here: the caller's hooks read certificates and resolve names, so that the whole
// room can be tested and fuzzed. Every error is reported, not only the first, with line and column and the
// mend. A peer that lacks a control is loaded out of service unless a dated waiver stands for it (BE-4).
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "lrf/locate.h"
#include "registry/snapshot.h"
#include "terms/way.h"

#include <stdio.h>

enum {
	CONF_FILE_MAX = 4 * 1024 * 1024, // [octets] PEERS_MAX peers of 1 KiB each
	CONF_PEM_MAX = 64 * 1024,        // [octets] one certificate file: a chain or a handful of anchors
	CONF_PATH_MAX = 256,             // [octets] with the NUL
	CONF_MESSAGES_MAX = 500,         // more help nobody; the rest is counted
	CONF_TEXT_MAX = 320,             // [octets] one message
};

// Read the file PATH (as written in the configuration; relative to its folder) into BUF of ROOM octets and
// set *LEN. E_NOT_FOUND, E_TOO_LONG or another error.
typedef result (*conf_reader)(void *ctx, const char *path, uint8_t *buf, size_t room, size_t *len);
// Locate the servers of a name (RFC 3263). Fill at most ROOM ways into OUT, in their order, and set *COUNT. Any error: the name
// stays unresolved.
typedef result (*conf_resolver)(void *ctx, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count);

struct conf_hooks {
	void *ctx;
	conf_reader read;       // NULL: no file can be read, a configuration that names one is refused
	conf_resolver resolver; // NULL: names stay unresolved
	uint32_t cores;         // of the machine, for `workers: 0`; 0: not known
};

enum conf_severity {
	CONF_ERROR,          // the file is refused
	CONF_OUT_OF_SERVICE, // the file loads, this peer does not serve; an error for `sallyport check`
	CONF_WARNING,
};

struct conf_message {
	enum conf_severity severity;
	uint32_t line, column;    // from 1; 0: the whole file
	char text[CONF_TEXT_MAX]; // "what; how to mend"
};

struct conf_name { // a target, in order, of a peer that has one given by name
	peer_id peer;
	struct locate_want want; // domain "": it has an address, or is a free place on demand
	struct address address;
};

struct conf_forward { // a DNS-over-TLS server
	struct address address;
	char name[DOMAIN_MAX]; // that its certificate must have
};

enum { PUBLISH_SERVERS_MAX = 8, PUBLISH_TO_MAX = 16, PUBLISH_URI_MAX = 241 }; // URI: in a string of 255 with its pattern

struct conf_publish_key { // of TSIG (RFC 8945)
	char name[DOMAIN_MAX];
	uint8_t algorithm; // 0 hmac-sha256, 1 hmac-sha512
	char secret_path[CONF_PATH_MAX];
};

struct conf_publish { // the published ENUM zone; zone "": none. For `sallyport luf publish` alone
	char zone[DOMAIN_MAX], apex[DOMAIN_MAX];
	struct address primary;
	struct conf_publish_key key, transfer_key; // what may change the zone; what may copy it
	uint32_t ttl_s;
	uint8_t nameserver_count, secondary_count, to_count;
	char nameserver[PUBLISH_SERVERS_MAX][DOMAIN_MAX];
	struct address secondary[PUBLISH_SERVERS_MAX];
	char to[PUBLISH_TO_MAX][NAME_MAX_LEN]; // peers whose numbers are published; none: all of core zones
	char for_peer[NAME_MAX_LEN];           // who reads the zone; "": more than one peer
	char uri[PUBLISH_URI_MAX];             // with \1 where the number goes
};

struct conf_private { // for the monitor alone; never in the snapshot (BE-2)
	char certificate_path[CONF_PATH_MAX], key_path[CONF_PATH_MAX];
	char registry[CONF_PATH_MAX];
	char trust_anchors[CONF_PATH_MAX];
	uint32_t forward_tls_count;
	struct conf_forward forward_tls[DNS_UPSTREAMS_MAX]; // for `sallyport dns-forwarder`
	struct conf_publish publish;
	struct conf_name *name;
	uint32_t name_count;
};

struct conf_result {
	struct snapshot *snapshot; // sealed; NULL when the file was refused
	size_t size;               // of the snapshot [octets]
	struct conf_private private;
	struct conf_message *message; // sorted by place
	uint32_t message_count, messages_lost;
	uint32_t errors, out_of_service, warnings; // messages of each kind; one peer may have several
	char file_name[CONF_PATH_MAX];
};

// Load a configuration. FILE_NAME is for messages only. WALL_MS [ms since 1970 UTC] is compared with waivers
// and certificates. PREVIOUS (may be NULL) gives peers their numbers, blocks and the next generation; options
// of scope `start` must not differ from it. OUT is always filled in and must be freed.
// E_CONFIG: refused, see the messages. E_NO_MEMORY.
MUST_USE result conf_load(const char *file_name, struct bytes yaml, const struct conf_hooks *hooks,
	uint64_t wall_ms, const struct snapshot *previous, struct conf_result *out);
void conf_result_free(struct conf_result *out);
// What `sallyport check` exits with: 0 when there is neither an error nor a peer out of service, else 1.
int conf_check_status(const struct conf_result *r);
// "file:line:column: error: what; how to mend" of message I into OUT; returns OUT.
char *conf_message_text(const struct conf_result *r, uint32_t i, char *out, size_t room);

// Give the peers of S, a copy of the snapshot of R, the targets that RESOLVER now has for their names, by the rules of
// conf_load. Does it change anything? S must be sealed again then.
bool conf_retarget(const struct conf_result *r, struct snapshot *s, conf_resolver resolver, void *ctx);

// Let P, a free place of a peer on demand, be DOMAIN's from now on.
void conf_slot_take(struct peer *p, const char *domain);
// How many of the COUNT answers WAY to WANT may be targets of place ID?
uint32_t conf_slot_ways(const struct snapshot *s, peer_id id, const struct locate_want *want, const struct way *way, uint32_t count);
// The entry of R for the one name of place ID on demand; NULL: there is none.
struct conf_name *conf_slot_name_of(struct conf_result *r, peer_id id);

enum conf_manual { CONF_MANUAL_MARKDOWN, CONF_MANUAL_SCDOC };
// Write the reference of all options, made from the rows that the parser uses.
void conf_options_print(FILE *to, enum conf_manual form);

#endif
