// SPDX-License-Identifier: Apache-2.0
// The options of the Look-Up Function: what is asked after the registry. Nothing is asked below any other name (LUF-C3).
#include "conf/option.h"
#include "conf/values.h"

struct luf_apex { // as one item of settings.luf.apex
	char domain[DOMAIN_MAX];
	uint8_t dnssec;
};
_Static_assert(sizeof(struct luf_apex) == sizeof(((struct luf_settings *)0)->apex[0]), "the same record");

static const char *const dnssec_words[] = {"off", "required", NULL};
static const char *const public_tree = "e164.arpa";

static bool set_apex(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct luf_apex *a = target;
	if (!conf_read_domain(n->text, a->domain))
		return false;
	if (strcmp(a->domain, public_tree) == 0)
		conf_say_at(c, CONF_WARNING, n, "luf.enum: %s is the public tree: called numbers are told to its operators (LUF-C3); "
			"use a private apex if that is not meant", public_tree);
	return true;
}

static const struct conf_option apex_rows[] = {
	{.key = "apex",
		.type = CONF_VALUE,
		.required = true,
		.set = set_apex,
		.form = "e164.ssp-a.example",
		.manual = "Domain below which numbers are asked for: +4989 as 9.8.9.4.APEX."},
	{.key = "dnssec",
		.type = CONF_CHOICE,
		CONF_FIELD(struct luf_apex, dnssec),
		.choices = dnssec_words,
		.initial = "required",
		.form = "required or off",
		.manual = "required: an answer that DNSSEC does not prove is refused (LUF-I2). off: only one that it disproves."},
};
static const struct conf_section apex_section = CONF_SECTION(apex_rows);

static void *apex_item(struct conf_load *c, void *target, const struct conf_node *node)
{
	struct luf_settings *s = &((struct conf_draft *)target)->settings.luf;
	UNUSED(c);
	UNUSED(node);
	return s->apex_count < LUF_APEXES_MAX ? &s->apex[s->apex_count++] : NULL;
}

static const struct conf_option luf_rows[] = {
	{.key = "enum",
		.type = CONF_MAPS,
		.max = LUF_APEXES_MAX,
		.item = apex_item,
		.section = &apex_section,
		.form = "- {apex: e164.ssp-a.example, dnssec: required}",
		.manual = "Private or infrastructure ENUM trees (RFC 6116, 5526), asked in this order for numbers that the registry "
			  "does not know. Absent: none is asked."},
};
const struct conf_section conf_luf_section = CONF_SECTION(luf_rows);
