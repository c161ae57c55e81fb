// SPDX-License-Identifier: Apache-2.0
// Two sorted lists are merged by name; names that differ become parts of updates.
#include "publish/changes.h"

#include "base/memory.h"

enum { ROOM_FIRST = 64 };

static const ldns_rr *at(const ldns_rr_list *list, uint32_t i)
{
	return i < ldns_rr_list_rr_count(list) ? ldns_rr_list_rr(list, i) : NULL;
}

// How many records from I on have the name of the one at I.
static uint32_t run_of(const ldns_rr_list *list, uint32_t i)
{
	const ldns_rr *first = at(list, i);
	uint32_t n = 0;
	while (first != NULL && at(list, i + n) != NULL &&
		ldns_dname_compare(ldns_rr_owner(first), ldns_rr_owner(at(list, i + n))) == 0)
		n++;
	return n;
}

// Which of the two names comes first: < 0 that of HELD, > 0 that of WANTED, 0 they are the same.
static int order(const ldns_rr *held, const ldns_rr *wanted)
{
	if (held == NULL || wanted == NULL)
		return held == NULL ? 1 : -1;
	return ldns_dname_compare(ldns_rr_owner(held), ldns_rr_owner(wanted));
}

static bool same_record(const ldns_rr *a, const ldns_rr *b)
{
	return ldns_rr_compare(a, b) == 0 && ldns_rr_ttl(a) == ldns_rr_ttl(b);
}

static uint32_t common(const struct publish_changes *c, const struct publish_change *e)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < e->held_count; i++)
		for (uint32_t k = 0; k < e->wanted_count; k++)
			if (same_record(at(c->held, e->held + i), at(c->wanted, e->wanted + k))) {
				n++;
				break;
			}
	return n;
}

static result push(struct publish_changes *c, const struct publish_change *e)
{
	if (c->count == c->room) {
		uint32_t room = c->room == 0 ? ROOM_FIRST : c->room * 2;
		struct publish_change *more = memory_array(room, sizeof(*more));
		REQUIRE(more != NULL, E_NO_MEMORY);
		if (c->count > 0)
			memcpy(more, c->at, c->count * sizeof(*more));
		memory_free(c->at);
		c->at = more;
		c->room = room;
	}
	c->at[c->count++] = *e;
	return OK;
}

static result compare(struct publish_changes *c, const struct publish_change *e)
{
	uint32_t same;
	REQUIRE(e->held_count <= PUBLISH_RRSET_MAX && e->wanted_count <= PUBLISH_RRSET_MAX, E_TOO_MANY);
	same = common(c, e);
	c->unchanged += same;
	c->added += e->wanted_count - same;
	c->removed += e->held_count - same;
	return same == e->held_count && same == e->wanted_count ? OK : push(c, e);
}

result publish_changes_find(const ldns_rr_list *held, const ldns_rr_list *wanted, struct publish_changes *out)
{
	struct publish_change e = {0};
	*out = (struct publish_changes){.held = held, .wanted = wanted};
	while (at(held, e.held) != NULL || at(wanted, e.wanted) != NULL) {
		int first = order(at(held, e.held), at(wanted, e.wanted));
		e.held_count = first <= 0 ? run_of(held, e.held) : 0;
		e.wanted_count = first >= 0 ? run_of(wanted, e.wanted) : 0;
		TRY(compare(out, &e));
		e.held += e.held_count;
		e.wanted += e.wanted_count;
	}
	return OK;
}

void publish_changes_free(struct publish_changes *c)
{
	memory_free(c->at);
	*c = (struct publish_changes){0};
}

struct sections {
	ldns_rr_list *condition, *update;
	size_t octets;
};

// RR, or a new record of its name without data when RDATA is not kept, into LIST.
static result put(struct sections *s, ldns_rr_list *list, const ldns_rr *rr, ldns_rr_class class, bool rdata, bool ttl)
{
	ldns_rr *copy = rdata ? ldns_rr_clone(rr) : ldns_rr_new();
	REQUIRE(copy != NULL, E_NO_MEMORY);
	if (!rdata) {
		ldns_rr_set_owner(copy, ldns_rdf_clone(ldns_rr_owner(rr)));
		ldns_rr_set_type(copy, LDNS_RR_TYPE_NAPTR);
	}
	ldns_rr_set_class(copy, class);
	if (!ttl)
		ldns_rr_set_ttl(copy, 0);
	if (ldns_rr_owner(copy) == NULL || !ldns_rr_list_push_rr(list, copy)) {
		ldns_rr_free(copy);
		return FAIL(E_NO_MEMORY);
	}
	s->octets += ldns_rr_uncompressed_size(copy);
	return OK;
}

static result put_change(const struct publish_changes *c, const struct publish_change *e, struct sections *s)
{
	if (e->held_count == 0) // RFC2136#2.4.3: there is none
		TRY(put(s, s->condition, at(c->wanted, e->wanted), LDNS_RR_CLASS_NONE, false, false));
	for (uint32_t i = 0; i < e->held_count; i++) // RFC2136#2.4.2: it is this set
		TRY(put(s, s->condition, at(c->held, e->held + i), LDNS_RR_CLASS_IN, true, false));
	if (e->held_count > 0) // RFC2136#2.5.2: delete it
		TRY(put(s, s->update, at(c->held, e->held), LDNS_RR_CLASS_ANY, false, false));
	for (uint32_t i = 0; i < e->wanted_count; i++) // RFC2136#2.5.1: add
		TRY(put(s, s->update, at(c->wanted, e->wanted + i), LDNS_RR_CLASS_IN, true, true));
	return OK;
}

static result fill(const struct publish_changes *c, uint32_t *next, struct sections *s)
{
	uint32_t names = 0;
	REQUIRE(s->condition != NULL && s->update != NULL, E_NO_MEMORY);
	while (*next < c->count && names++ < PUBLISH_BATCH_NAMES_MAX && s->octets < PUBLISH_BATCH_OCTETS_MAX)
		TRY(put_change(c, &c->at[(*next)++], s));
	return OK;
}

result publish_changes_update(const struct publish_changes *c, const char *zone, uint32_t *next, ldns_pkt **out)
{
	struct sections s = {.condition = ldns_rr_list_new(), .update = ldns_rr_list_new()};
	ldns_rdf *name = ldns_dname_new_frm_str(zone);
	result r = fill(c, next, &s);
	*out = NULL;
	if (is_ok(r) && name != NULL) {
		*out = ldns_update_pkt_new(name, LDNS_RR_CLASS_IN, s.condition, s.update, NULL); // takes NAME, copies the lists
		name = *out != NULL ? NULL : name;
		if (*out != NULL)
			ldns_pkt_set_rd(*out, false);
	}
	ldns_rdf_deep_free(name);
	ldns_rr_list_deep_free(s.condition);
	ldns_rr_list_deep_free(s.update);
	TRY(r);
	REQUIRE(*out != NULL, E_NO_MEMORY);
	return OK;
}
