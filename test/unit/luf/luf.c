// SPDX-License-Identifier: Apache-2.0
// Look-ups: number before domain, longest prefix, own zone never, and one answer for "none" and "not for you" (LUF-C1).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_play.h"
#include "luf/luf.h"

static struct play *world(void)
{
	struct play *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	assert_true(play_open(p));
	return p;
}

static void done(struct play *p)
{
	play_close(p);
	free(p);
}

static result look(struct play *p, zone_id from, const char *number, const char *domain, struct target *t)
{
	struct query q;

	assert_true(is_ok(luf_query_make(&q, URI_KIND_SIP, bytes_of_string(number[0] != 0 ? number : "user"),
		bytes_of_string(domain), number, "")));
	q.from_zone = from;
	return luf_lookup(p->rig.registry, &q, t);
}

static void number_then_domain(void **state)
{
	struct play *p = world();
	struct target t;

	(void)state;
	assert_true(is_ok(look(p, 0, "+4989111", "", &t)));
	assert_int_equal(t.peer, flow_rig_peer(&p->rig, "ssp-b"));
	assert_string_equal(t.domain, "ssp-b.example");
	assert_true(is_ok(look(p, 0, "+4920111", "SSP-B.example", &t))); // the number decides
	assert_int_equal(t.peer, flow_rig_peer(&p->rig, "clear"));
	assert_true(is_ok(look(p, 0, "", "Clear.EXAMPLE", &t)));
	assert_int_equal(t.peer, flow_rig_peer(&p->rig, "clear"));
	assert_true(is_ok(look(p, 1, "+4930555", "", &t)));
	assert_int_equal(t.peer, flow_rig_peer(&p->rig, "softswitch"));
	done(p);
}

static void none_and_not_for_you(void **state)
{
	struct play *p = world();
	struct target t;

	(void)state;
	assert_int_equal(look(p, 1, "+15550000", "", &t).error, E_NOT_FOUND);             // nobody's
	assert_int_equal(look(p, 1, "+4989111", "", &t).error, E_NOT_FOUND);              // another partner's
	assert_int_equal(look(p, 1, "", "ssp-b.example", &t).error, E_NOT_FOUND);         // another partner
	assert_int_equal(look(p, 1, "", "nobody.example", &t).error, E_NOT_FOUND);
	assert_int_equal(look(p, 0, "+4930555", "", &t).error, E_NOT_FOUND);              // back into its zone
	assert_int_equal(look(p, 0, "+15550000", "clear.example", &t).error, E_NOT_FOUND); // by domain past the numbers
	done(p);
}

static void portability(struct query *q, const char *user, const char *rn, int npdi)
{
	assert_true(is_ok(luf_query_make(q, URI_KIND_SIP, bytes_of_string(user), BYTES("h"), "+4989111", "")));
	assert_string_equal(q->rn, rn);
	assert_int_equal(q->npdi, npdi);
}

// RFC4694#4: the routing number decides; a local one, letters and 16 digits are none.
static void routing_numbers(void **state)
{
	static const char *const bad[] = {"+4989111;rn=", "+4989111;rn=+", "+4989111;rn=030", "+4989111;rn=+49x", "+4989111;rn=+1234567890123456",
		"+4989111;rn=--", "+4989111;rn=+49+1"};
	struct query q;

	(void)state;
	portability(&q, "+4989111", "", 0);
	assert_string_equal(luf_key(&q), "+4989111");
	portability(&q, "+4989111;npdi", "", 1);
	portability(&q, "+4989111;npdix=1", "", 0);
	portability(&q, "+4989111;RN=+49-99.1", "+49991", 0);
	assert_string_equal(luf_key(&q), "+49991");
	portability(&q, "+4989111;isub=1;rn=+123456789012345;npdi", "+123456789012345", 1);
	portability(&q, "+4989111;xrn=+49", "", 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_ok(luf_query_make(&q, URI_KIND_SIP, bytes_of_string(bad[i]), BYTES("h"), "+4989111", "")));
	// In the user part of a name it is no parameter at all.
	assert_true(is_ok(luf_query_make(&q, URI_KIND_SIP, BYTES("alice;rn=x"), BYTES("h"), "", "")));
}

// What somebody else found counts only for a peer that takes this number from this zone (SF-I12).
static void accepted(void **state)
{
	struct play *p = world();
	struct target t;
	struct query q;

	(void)state;
	assert_true(is_ok(luf_query_make(&q, URI_KIND_SIP, BYTES("+4989111"), BYTES(""), "+4989111", "")));
	q.from_zone = 0;
	assert_true(is_ok(luf_accept(p->rig.registry, &q, flow_rig_peer(&p->rig, "ssp-b"), &t)));
	assert_string_equal(t.domain, "ssp-b.example");
	assert_int_equal(t.group, GROUP_NONE);
	assert_false(is_ok(luf_accept(p->rig.registry, &q, flow_rig_peer(&p->rig, "clear"), &t)));      // not its number
	assert_false(is_ok(luf_accept(p->rig.registry, &q, flow_rig_peer(&p->rig, "softswitch"), &t))); // its own zone
	assert_false(is_ok(luf_accept(p->rig.registry, &q, PEER_NONE, &t)));
	done(p);
}

// LUF-I1: what is no number or URI never becomes a query.
static void canonical(void **state)
{
	char text[USER_MAX + 2];
	struct query q;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(is_ok(luf_query_make(&q, URI_KIND_SIP, bytes_make(text, USER_MAX - 1), BYTES("Host"), "", "")));
	assert_string_equal(q.domain, "host");
	assert_int_equal(luf_query_make(&q, URI_KIND_SIP, bytes_make(text, USER_MAX), BYTES("h"), "", "").error, E_TOO_LONG);
	assert_int_equal(luf_query_make(&q, URI_KIND_SIP, BYTES("a\0b"), BYTES("h"), "", "").error, E_SYNTAX);
	assert_int_equal(luf_query_make(&q, URI_KIND_SIP, BYTES("a b"), BYTES("h"), "", "").error, E_SYNTAX);
	assert_int_equal(luf_query_make(&q, URI_KIND_SIP, BYTES("a"), BYTES("h\r\n"), "", "").error, E_SYNTAX);
	assert_int_equal(luf_query_make(&q, URI_KIND_SIP, BYTES("a"), BYTES("h"), "+123456789012345678901234", "").error,
		E_TOO_LONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(number_then_domain), cmocka_unit_test(none_and_not_for_you),
		cmocka_unit_test(canonical), cmocka_unit_test(routing_numbers), cmocka_unit_test(accepted)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
