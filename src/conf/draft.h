// SPDX-License-Identifier: Apache-2.0
// What is known while a configuration loads: values that were read, and where they stood.
#ifndef CONF_DRAFT_H
#define CONF_DRAFT_H

#include "conf/conf.h"
#include "conf/tree.h"

enum { CONF_UNSET = 0xff }; // a choice whose default depends on the zone

struct conf_target {            // next hop of a peer, as written
	uint8_t transport;      // enum transport or CONF_UNSET
	uint8_t fixed;          // the transport was written: no other is tried
	uint16_t port;          // 0: not written
	struct address address; // family 0: a name
	char host[DOMAIN_MAX];
	const struct conf_node *node;
};

struct conf_waiver {
	uint8_t control; // enum control, CONF_UNSET
	char reason[128];
	uint64_t until_ms;
	const struct conf_node *node;
};

struct conf_peer {
	struct peer peer;
	const struct conf_node *node;
	char zone_name[NAME_MAX_LEN];
	char trust_path[CONF_PATH_MAX];
	uint8_t target_count;
	struct conf_target target[PEER_TARGETS_MAX];
	uint8_t verify, sign; // index of choice, CONF_UNSET
	uint8_t timers;       // session timers on
	uint32_t slots;       // of on_demand; 0: an ordinary peer
	uint8_t *trust;       // PEM of the anchors, heap
	size_t trust_len;
	uint8_t waiver_count;
	struct conf_waiver waiver[CONTROL_COUNT];
};

struct conf_zone {
	struct zone zone;
	const struct conf_node *node;
	uint8_t core; // 0 no, 1 yes, CONF_UNSET: by its name
};

struct conf_listener {
	struct listener listener;
	const struct conf_node *node;
	char zone_name[NAME_MAX_LEN];
};

struct conf_draft {
	struct settings settings;
	struct conf_private private;
	uint32_t zone_count, listener_count, peer_count;
	struct conf_zone zone[ZONES_MAX];
	struct conf_listener listener[LISTENERS_MAX];
	char portal_zone[NAME_MAX_LEN];
	struct conf_peer *peer; // heap, one for each item of `peers`
	uint32_t peer_room;
	uint8_t *certificate; // PEM, heap
	size_t certificate_len;
	uint8_t *anchors; // of DNSSEC: text, heap
	size_t anchors_len;
};

struct conf_load { // one run of conf_load
	const struct conf_hooks *hooks;
	uint64_t wall_ms;
	const struct snapshot *previous;
	struct conf_messages messages;
	struct conf_tree tree;
	struct conf_draft draft;
};

// Say an error at NODE (NULL: the whole file).
#define conf_error(c, node, ...) conf_say_at((c), CONF_ERROR, (node), __VA_ARGS__)
void conf_say_at(struct conf_load *c, enum conf_severity severity, const struct conf_node *node,
	const char *format, ...) PRINTF_LIKE(4, 5);

#endif
