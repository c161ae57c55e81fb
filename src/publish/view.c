// SPDX-License-Identifier: Apache-2.0
// Which numbers may be told: those of our own peers, and of these only what the look-up function answers to who may ask. A
// published zone is read by more people than any other answer, so that nothing enters it by default but the core's ranges.
#include "publish/publish.h"

static bool named(const struct conf_publish *conf, const struct snapshot *s, const struct peer *p)
{
	for (uint32_t i = 0; i < conf->to_count; i++)
		if (strcmp(conf->to[i], p->name) == 0)
			return true;
	return conf->to_count == 0 && p->zone < s->zone_count && s->zone[p->zone].is_core;
}

// The rule of registry_serves for those who are told: in service, listed or of the core, and not the asker himself (LUF-C2).
static bool answered(const struct conf_publish *conf, const struct snapshot *s, const struct peer *p)
{
	if (p->removed || p->blocked || !p->in_service || p->zone >= s->zone_count)
		return false;
	return strcmp(p->name, conf->for_peer) != 0 && (p->lookup_listed || s->zone[p->zone].is_core);
}

static result add(const struct peer *p, bool ours, enum publish_pass pass, struct publish_numbers *out)
{
	for (uint32_t i = 0; i < p->calls_to_count; i++) {
		const char *digits = p->calls_to[i].digits;
		if (digits[0] == '\0') // "any" is no range
			continue;
		if (pass == PUBLISH_OURS && ours)
			TRY(publish_numbers_add(out, digits, false, ""));
		if (pass == PUBLISH_HOLES && !ours)
			TRY(publish_numbers_except(out, digits, false));
	}
	return OK;
}

result publish_numbers_of(const struct conf_publish *conf, const struct snapshot *s, enum publish_pass pass,
	struct publish_numbers *out)
{
	for (uint32_t i = 0; i < s->peer_count; i++) {
		const struct peer *p = snapshot_peer(s, (peer_id)i);
		if (p != NULL && !p->removed)
			TRY(add(p, named(conf, s, p) && answered(conf, s, p), pass, out));
	}
	return OK;
}

// A peer that lists the numbers it takes gets no others, whatever the registry says (SF-I12).
static bool leads_to_us(const struct conf_publish *conf, const struct snapshot *s, const struct row_range *range)
{
	for (uint32_t i = 0; i < s->peer_count; i++) {
		const struct peer *p = snapshot_peer(s, (peer_id)i);
		if (p != NULL && strcmp(p->name, range->to) == 0)
			return named(conf, s, p) && answered(conf, s, p) && (p->numbers_by_registry ||
				numbers_contain(p->calls_to, p->calls_to_count, range->prefix));
	}
	return false;
}

result publish_numbers_add_range(const struct conf_publish *conf, const struct snapshot *s, enum publish_pass pass,
	const struct row_range *range, struct publish_numbers *out)
{
	bool ours = leads_to_us(conf, s, range);
	if (pass == PUBLISH_OURS)
		return ours ? publish_numbers_add(out, range->prefix, range->exact != 0, range->rn) : OK;
	return ours ? OK : publish_numbers_except(out, range->prefix, range->exact != 0);
}
