// SPDX-License-Identifier: Apache-2.0
// A profile tells one peer what he needs (R1 to R4, R6), and nothing of the core or of other peers (LUF-C2, LRF-C1).
#include "rig.h"

#include "base/memory.h"
#include "registry/snapshot.h"

#include <stdlib.h>

static const json_t *at(const json_t *o, const char *a, const char *b)
{
	return json_object_get(json_object_get(o, a), b);
}

static const char *item(const json_t *list, size_t i)
{
	return json_string_value(json_array_get(list, i));
}

static void tells_what_the_peer_needs(void **state)
{
	json_t *o = rig_profile(*state, "inner-b");
	const json_t *ingress = at(o, "signalling", "ingress"), *egress = at(o, "signalling", "egress");
	const json_t *dbe = json_array_get(at(o, "media", "data_border_elements"), 0);
	assert_string_equal(json_string_value(json_object_get(o, "domain")), "a.example");
	assert_string_equal(json_string_value(json_object_get(o, "for")), "b.example");
	assert_int_equal(json_array_size(ingress), 1); // UDP is below his floor
	assert_string_equal(json_string_value(json_object_get(json_array_get(ingress, 0), "address")), "192.0.2.10");
	assert_string_equal(json_string_value(json_object_get(json_array_get(ingress, 0), "transport")), "tls");
	assert_string_equal(item(egress, 0), "192.0.2.10");
	assert_string_equal(item(egress, 1), "192.0.2.11");
	assert_string_equal(json_string_value(json_object_get(dbe, "address")), "192.0.2.12");
	assert_int_equal(json_integer_value(json_object_get(dbe, "first_port")), 30000);
	assert_string_equal(item(at(o, "numbers", "served"), 0), "+4930");
	assert_string_equal(item(at(o, "numbers", "served"), 1), "+4940");
	assert_int_equal(json_array_size(at(o, "numbers", "callers")), 1); // +49301 lies within +4930
	assert_string_equal(item(at(o, "numbers", "your_numbers"), 0), "+4989");
	assert_string_equal(json_string_value(at(o, "media", "srtp")), "required");
	assert_string_equal(item(at(o, "media", "codecs"), 1), "opus");
	assert_int_equal(json_integer_value(at(o, "limits", "concurrent_calls")), 500);
	assert_string_equal(item(at(o, "signalling", "require"), 0), "100rel");
	assert_true(json_is_true(at(o, "signalling", "mutual_tls")));
	assert_string_equal(item(at(o, "identity", "certificate_names"), 0), "a.example");
	assert_int_equal(strlen(item(at(o, "identity", "issuer_sha256"), 0)), 64);
	json_decref(o);
}

// LUF-C2, LRF-C1: byte search of the whole text.
static void holds_nothing_of_core_and_others(void **state)
{
	static const char *const never[] = {"10.77", "inner", "198.51.100", "c.example", "+4366", "203.0.113", "\"700\""};
	json_t *o = rig_profile(*state, "inner-b");
	char *text = profile_text(o);
	for (uint32_t i = 0; i < ARRAY_LEN(never); i++)
		if (strstr(text, never[i]) != NULL)
			fail_msg("the profile holds %s: %s", never[i], text);
	free(text);
	json_decref(o);
	o = rig_profile(*state, "inner-c");
	text = profile_text(o);
	assert_non_null(strstr(text, "198.51.100.10"));
	static const char *const never_c[] = {"10.77", "inner", "192.0.2.", "b.example", "+4989"};
	for (uint32_t i = 0; i < ARRAY_LEN(never_c); i++)
		assert_null(strstr(text, never_c[i]));
	free(text);
	json_decref(o);
}

// The gate off: told by the zone of the core instead of the peer's own, the core's addresses would be in it.
static void without_the_zone_the_core_is_told(void **state)
{
	struct rig *g = *state;
	struct snapshot *s = g->a.snapshot;
	for (uint32_t i = 0; i < s->listener_count; i++)
		s->listener[i].zone = snapshot_peer(s, rig_peer(g, "inner-b"))->zone;
	json_t *o = rig_profile(g, "inner-b");
	char *text = profile_text(o);
	assert_non_null(strstr(text, "10.77.0.1"));
	assert_non_null(strstr(text, "198.51.100.10"));
	free(text);
	json_decref(o);
}

static void canonical_and_versioned(void **state)
{
	struct rig *g = *state;
	json_t *one = rig_profile(g, "inner-b"), *two;
	char *a = profile_text(one), *b;
	assert_true(is_ok(profile_make(g->a.snapshot, rig_peer(g, "inner-b"), g->wall_ms, &two)));
	b = profile_text(two);
	assert_string_equal(a, b);
	free(b);
	json_decref(two);
	assert_true(is_ok(profile_make(g->a.snapshot, rig_peer(g, "inner-b"), g->wall_ms + 5000, &two)));
	assert_string_equal(json_string_value(at(one, "version", "content")), json_string_value(at(two, "version", "content")));
	assert_int_equal(json_integer_value(at(two, "version", "serial")) - json_integer_value(at(one, "version", "serial")), 5);
	json_decref(two);
	two = rig_profile(g, "inner-c");
	assert_string_not_equal(json_string_value(at(one, "version", "content")), json_string_value(at(two, "version", "content")));
	free(a);
	json_decref(one);
	json_decref(two);
}

static void refused(void **state)
{
	struct rig *g = *state;
	json_t *o;
	assert_int_equal(profile_make(g->a.snapshot, rig_peer(g, "inner-pbx"), g->wall_ms, &o).error, E_POLICY);
	assert_null(o);
	assert_int_equal(profile_make(g->a.snapshot, PEER_NONE, g->wall_ms, &o).error, E_NOT_FOUND);
	g->a.snapshot->settings.domain[0] = '\0';
	assert_int_equal(profile_make(g->a.snapshot, rig_peer(g, "inner-b"), g->wall_ms, &o).error, E_MISSING);
	assert_null(o);
}

static struct rig rig;

static int begin(void **state)
{
	rig_begin(&rig, PKI_P256);
	*state = &rig;
	return 0;
}

static int end(void **state)
{
	rig_end(*state);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(tells_what_the_peer_needs), TEST(holds_nothing_of_core_and_others),
		TEST(without_the_zone_the_core_is_told), TEST(canonical_and_versioned), TEST(refused)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
