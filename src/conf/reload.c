// SPDX-License-Identifier: Apache-2.0
// What may not change while the system runs: options of scope `start`, found by their rows.
//
// A reload is all or nothing, so one such change refuses it and everything stays as it was.
#include "conf/option.h"
#include "conf/steps.h"

static bool in_settings(const struct conf_option *o)
{
	uint32_t from = (uint32_t)offsetof(struct conf_draft, settings);

	return o->size > 0 && o->offset >= from && o->offset + o->size <= from + sizeof(struct settings);
}

static void check_row(struct conf_load *c, const struct conf_option *o, const struct conf_node *section)
{
	uint32_t at = o->offset - (uint32_t)offsetof(struct conf_draft, settings);
	const uint8_t *now = (const uint8_t *)&c->draft.settings + at;
	const uint8_t *before = (const uint8_t *)&c->previous->settings + at;

	if (memcmp(now, before, o->size) != 0)
		conf_error(c, conf_tree_place(section, o->key),
			"%s cannot change at reload; set it back, or restart", o->key);
}

static void check_section(struct conf_load *c, const struct conf_section *s, const struct conf_node *node)
{
	for (uint32_t i = 0; i < s->count; i++) {
		const struct conf_option *o = &s->option[i];
		if (o->type == CONF_MAP)
			check_section(c, o->section, conf_tree_place(node, o->key));
		else if (o->scope == CONF_START && in_settings(o))
			check_row(c, o, node);
	}
}

static void check_zones(struct conf_load *c)
{
	const struct conf_draft *d = &c->draft;
	const struct conf_node *at = conf_tree_place(c->tree.root, "zones");
	bool same = d->zone_count == c->previous->zone_count;

	for (uint32_t i = 0; same && i < d->zone_count; i++) {
		const struct zone *now = &d->zone[i].zone, *before = &c->previous->zone[i];
		same = strcmp(now->name, before->name) == 0 && now->is_core == before->is_core;
	}
	if (!same)
		conf_error(c, at,
			"zones cannot change at reload, except their `transit`; set them back, or restart");
}

static void check_listeners(struct conf_load *c)
{
	const struct conf_draft *d = &c->draft;
	const struct conf_node *at = conf_tree_place(c->tree.root, "listen");

	if (d->listener_count != c->previous->listener_count) {
		conf_error(c, at, "listen cannot change at reload; set it back, or restart");
		return;
	}
	for (uint32_t i = 0; i < d->listener_count; i++) {
		if (memcmp(&d->listener[i].listener, &c->previous->listener[i], sizeof(struct listener)) != 0)
			conf_error(c, d->listener[i].node,
				"listen cannot change at reload; set listener \"%s\" back, or restart",
				d->listener[i].listener.name);
	}
}

void conf_check_reload(struct conf_load *c)
{
	if (c->previous == NULL)
		return;
	check_section(c, &conf_root_section, c->tree.root);
	check_zones(c);
	check_listeners(c);
}
