// SPDX-License-Identifier: Apache-2.0
// Differences and updates: applied by the rules of RFC2136#3 to what was held, they give what is wanted.
#include "unit.h"

#include "base/memory.h"
#include "publish/changes.h"
#include "publish/link.h"

#include <stdio.h>

#define ZONE "9.4.e164.example"

static void push(ldns_rr_list *list, const char *text)
{
	ldns_rr *rr = NULL;
	assert_int_equal(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
	assert_true(ldns_rr_list_push_rr(list, rr));
}

static void push_naptr(ldns_rr_list *list, const char *name, unsigned ttl, unsigned preference)
{
	char text[512];
	snprintf(text, sizeof(text), "%s." ZONE ". %u IN NAPTR 100 %u \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@a.example!\" .", name, ttl, preference);
	push(list, text);
}

struct lists {
	ldns_rr_list *held, *wanted;
};

static struct lists lists_new(void)
{
	struct lists l = {ldns_rr_list_new(), ldns_rr_list_new()};
	assert_true(l.held != NULL && l.wanted != NULL);
	return l;
}

static void lists_free(struct lists *l)
{
	ldns_rr_list_deep_free(l->held);
	ldns_rr_list_deep_free(l->wanted);
}

static struct publish_changes find(struct lists *l)
{
	struct publish_changes c;
	ldns_rr_list_sort(l->held);
	ldns_rr_list_sort(l->wanted);
	assert_ok(publish_changes_find(l->held, l->wanted, &c));
	return c;
}

static ldns_pkt *update(const struct publish_changes *c, uint32_t *next)
{
	ldns_pkt *p;
	assert_ok(publish_changes_update(c, ZONE, next, &p));
	return p;
}

static void counted(void **state)
{
	struct lists l = lists_new();
	(void)state;
	push_naptr(l.held, "1", 300, 10);
	push_naptr(l.wanted, "1", 300, 10);
	push_naptr(l.held, "2", 300, 10);
	push_naptr(l.wanted, "3", 300, 10);
	push_naptr(l.held, "4", 300, 10);
	push_naptr(l.wanted, "4", 60, 10); // another time to live is another record
	push_naptr(l.held, "5", 300, 10);
	push_naptr(l.wanted, "5", 300, 10);
	push_naptr(l.wanted, "5", 300, 20);
	struct publish_changes c = find(&l);
	assert_int_equal(c.unchanged, 2);
	assert_int_equal(c.added, 3);
	assert_int_equal(c.removed, 2);
	assert_int_equal(c.count, 4);
	publish_changes_free(&c);
	lists_free(&l);
}

// RFC2136#2.4, #2.5: what the messages say.
static void sections(void **state)
{
	struct lists l = lists_new();
	uint32_t next = 0;
	(void)state;
	push_naptr(l.held, "2", 300, 10);
	push_naptr(l.wanted, "3", 300, 10);
	struct publish_changes c = find(&l);
	ldns_pkt *p = update(&c, &next);
	char *text = ldns_pkt2str(p);
	assert_int_equal(next, 2);
	assert_int_equal(ldns_pkt_get_opcode(p), LDNS_PACKET_UPDATE);
	assert_false(ldns_pkt_rd(p));
	assert_int_equal(ldns_rr_list_rr_count(ldns_pkt_question(p)), 1);
	assert_int_equal(ldns_rr_list_rr_count(ldns_pkt_answer(p)), 2);    // conditions
	assert_int_equal(ldns_rr_list_rr_count(ldns_pkt_authority(p)), 2); // changes
	const ldns_rr *is = ldns_rr_list_rr(ldns_pkt_answer(p), 0), *none = ldns_rr_list_rr(ldns_pkt_answer(p), 1);
	assert_int_equal(ldns_rr_get_class(is), LDNS_RR_CLASS_IN);
	assert_int_equal(ldns_rr_ttl(is), 0);
	assert_int_equal(ldns_rr_rd_count(is), 6);
	assert_int_equal(ldns_rr_get_class(none), LDNS_RR_CLASS_NONE);
	assert_int_equal(ldns_rr_rd_count(none), 0);
	const ldns_rr *gone = ldns_rr_list_rr(ldns_pkt_authority(p), 0), *new = ldns_rr_list_rr(ldns_pkt_authority(p), 1);
	assert_int_equal(ldns_rr_get_class(gone), LDNS_RR_CLASS_ANY);
	assert_int_equal(ldns_rr_rd_count(gone), 0);
	assert_int_equal(ldns_rr_get_class(new), LDNS_RR_CLASS_IN);
	assert_int_equal(ldns_rr_ttl(new), 300);
	LDNS_FREE(text);
	ldns_pkt_free(p);
	publish_changes_free(&c);
	lists_free(&l);
}

static size_t size_of(const ldns_pkt *p)
{
	uint8_t *wire = NULL;
	size_t len = 0;
	assert_int_equal(ldns_pkt2wire(&wire, p, &len), LDNS_STATUS_OK);
	LDNS_FREE(wire);
	return len;
}

// Each message is bounded in names and octets, and all together are everything.
static void batches(void **state)
{
	struct lists l = lists_new();
	uint32_t next = 0, names = 0, messages = 0;
	char name[400];
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "a%04u.%060u.%060u", i, i, i);
		for (unsigned k = 0; k < (i % 2 ? PUBLISH_RRSET_MAX : 1); k++) {
			push_naptr(l.held, name, 300, 1000 + k);
			push_naptr(l.wanted, name, 300, 2000 + k);
		}
	}
	struct publish_changes c = find(&l);
	assert_int_equal(c.count, 1000);
	while (next < c.count) {
		uint32_t before = next;
		ldns_pkt *p = update(&c, &next);
		assert_in_range(next - before, 1, PUBLISH_BATCH_NAMES_MAX);
		assert_in_range(size_of(p), 1, PUBLISH_MESSAGE_MAX);
		names += next - before;
		messages++;
		ldns_pkt_free(p);
	}
	assert_int_equal(names, 1000);
	assert_true(messages > 1000 / PUBLISH_BATCH_NAMES_MAX);
	publish_changes_free(&c);
	lists_free(&l);
}

static void a_set_beyond_the_bound(void **state)
{
	struct lists l = lists_new();
	struct publish_changes c;
	(void)state;
	for (unsigned i = 0; i <= PUBLISH_RRSET_MAX; i++)
		push_naptr(l.held, "1", 300, i);
	assert_error(publish_changes_find(l.held, l.wanted, &c), E_TOO_MANY);
	publish_changes_free(&c);
	lists_free(&l);
}

static void without_memory(void **state)
{
	struct lists l = lists_new();
	struct publish_changes c;
	(void)state;
	push_naptr(l.wanted, "1", 300, 10);
	memory_fail_nth(1);
	assert_error(publish_changes_find(l.held, l.wanted, &c), E_NO_MEMORY);
	memory_fail_nth(0);
	publish_changes_free(&c);
	lists_free(&l);
}

// --- a server in memory: RFC2136#3.2 and #3.4 for what we send

static uint32_t holds(const ldns_rr_list *zone, const ldns_rdf *owner, const ldns_rr *exactly)
{
	uint32_t n = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(zone); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(zone, i);
		if (ldns_dname_compare(ldns_rr_owner(rr), owner) != 0)
			continue;
		if (exactly == NULL) {
			n++;
			continue;
		}
		bool same = true;
		for (size_t k = 0; k < ldns_rr_rd_count(rr); k++)
			same &= ldns_rdf_compare(ldns_rr_rdf(rr, k), ldns_rr_rdf(exactly, k)) == 0;
		n += same;
	}
	return n;
}

static bool conditions_hold(const ldns_rr_list *zone, const ldns_rr_list *conditions)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(conditions); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(conditions, i);
		bool none = ldns_rr_get_class(rr) == LDNS_RR_CLASS_NONE;
		uint32_t same = 0;
		for (size_t k = 0; k < ldns_rr_list_rr_count(conditions); k++)
			same += ldns_dname_compare(ldns_rr_owner(rr), ldns_rr_owner(ldns_rr_list_rr(conditions, k))) == 0;
		if (none ? holds(zone, ldns_rr_owner(rr), NULL) != 0 :
			   holds(zone, ldns_rr_owner(rr), rr) != 1 || holds(zone, ldns_rr_owner(rr), NULL) != same)
			return false;
	}
	return true;
}

static bool apply(ldns_rr_list **zone, const ldns_pkt *p)
{
	const ldns_rr_list *changes = ldns_pkt_authority(p);
	if (!conditions_hold(*zone, ldns_pkt_answer(p)))
		return false;
	for (size_t i = 0; i < ldns_rr_list_rr_count(changes); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(changes, i);
		if (ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN) {
			ldns_rr_list_push_rr(*zone, ldns_rr_clone(rr));
			continue;
		}
		ldns_rr_list *left = ldns_rr_list_new();
		for (size_t k = 0; k < ldns_rr_list_rr_count(*zone); k++)
			if (ldns_dname_compare(ldns_rr_owner(ldns_rr_list_rr(*zone, k)), ldns_rr_owner(rr)) != 0)
				ldns_rr_list_push_rr(left, ldns_rr_clone(ldns_rr_list_rr(*zone, k)));
		ldns_rr_list_deep_free(*zone);
		*zone = left;
	}
	return true;
}

static void random_list(ldns_rr_list *list, uint64_t *seed)
{
	for (unsigned i = 0; i < 300; i++) {
		char name[32];
		snprintf(name, sizeof(name), "%s%u", i % 7 == 0 ? "*." : "", i);
		for (uint64_t k = unit_random(seed) % 3; k > 0; k--)
			push_naptr(list, name, unit_random(seed) % 4 == 0 ? 60 : 300, (unsigned)k);
	}
}

static void applied(void **state)
{
	uint64_t seed = 7;
	(void)state;
	for (int run = 0; run < 5; run++) {
		struct lists l = lists_new();
		random_list(l.held, &seed);
		random_list(l.wanted, &seed);
		struct publish_changes c = find(&l);
		ldns_rr_list *server = ldns_rr_list_clone(l.held);
		for (uint32_t next = 0; next < c.count;) {
			ldns_pkt *p = update(&c, &next);
			assert_true(apply(&server, p));
			assert_false(apply(&server, p)); // it was changed in between
			ldns_pkt_free(p);
		}
		ldns_rr_list_sort(server);
		struct publish_changes rest;
		assert_ok(publish_changes_find(server, l.wanted, &rest));
		assert_int_equal(rest.count, 0);
		publish_changes_free(&rest);
		ldns_rr_list_deep_free(server);
		publish_changes_free(&c);
		lists_free(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted),
		cmocka_unit_test(sections),
		cmocka_unit_test(batches),
		cmocka_unit_test(a_set_beyond_the_bound),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(applied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
