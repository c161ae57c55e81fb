// SPDX-License-Identifier: Apache-2.0
// Options as rows: parser, `sallyport check` and manual are all made from them.
#ifndef CONF_OPTION_H
#define CONF_OPTION_H

#include "conf/draft.h"

enum conf_type {
	CONF_NUMBER, // unsigned, decimal, within min..max
	CONF_BOOL,   // yes or no
	CONF_CHOICE, // one word of `choices`; stored is its index
	CONF_TEXT,   // min..max octets
	CONF_VALUE,  // a scalar with a grammar of its own: `set`
	CONF_LIST,   // scalars for `set`, min..max of them; one scalar stands for a list of one
	CONF_MAP,    // a section into the same target
	CONF_MAPS,   // a list of sections, min..max of them, each into what `item` gives
};

enum conf_scope {
	CONF_RELOAD, // takes effect at reload
	CONF_START,  // only at start: a reload that changes it is refused
};

// Set from scalar NODE into TARGET. False: not possible, and a message was said.
typedef bool (*conf_set)(struct conf_load *c, void *target, const struct conf_node *node);
// Where the next item of a list of sections goes; NULL when there is no room (a message was said).
typedef void *(*conf_item)(struct conf_load *c, void *target, const struct conf_node *node);

struct conf_section;
struct conf_option {
	const char *key;
	enum conf_type type;
	enum conf_scope scope;
	bool required;
	uint32_t offset, size;      // NUMBER, BOOL, CHOICE, TEXT: the field in the target
	uint32_t min, max;          // NUMBER: value; TEXT: octets; LIST, MAPS: items
	const char *initial;        // default, as it would be written; NULL: none, the field keeps its zero
	const char *unit;           // "s", "calls/s"; NULL: none
	const char *const *choices; // CHOICE: NULL at the end
	conf_set set;               // VALUE, LIST
	conf_item item;             // MAPS
	const struct conf_section *section; // MAP, MAPS
	const char *form;                   // how a value looks, for people
	const char *manual;                 // one or two sentences
};

struct conf_section {
	const struct conf_option *option;
	uint32_t count;
};

#define CONF_FIELD(type, field) .offset = (uint32_t)offsetof(type, field), .size = sizeof(((type *)0)->field)
#define DRAFT(field) CONF_FIELD(struct conf_draft, field)
#define CONF_SECTION(rows) ((struct conf_section){(rows), (uint32_t)ARRAY_LEN(rows)})

extern const struct conf_section conf_root_section; // into struct conf_draft
extern const struct conf_section conf_limit_section, conf_admin_section, conf_record_section, conf_trace_section,
	conf_timeout_section, conf_silence_section, conf_luf_section, conf_dns_section,
	conf_publish_section, conf_portal_section; // likewise
extern const struct conf_section conf_peer_section, conf_right_section; // into struct conf_peer

// Walk NODE by the rows of SECTION into TARGET: unknown keys, missing ones, bad values are said, all of them.
// NODE NULL: the section is absent, defaults are set.
void conf_parse_section(
	struct conf_load *c, const struct conf_section *section, void *target, const struct conf_node *node);

#endif
