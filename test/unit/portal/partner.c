// SPDX-License-Identifier: Apache-2.0
// A partner's profile becomes a peer that the configuration takes; what does not fit its grammar becomes nothing.
#include "rig.h"

#include <stdlib.h>

static struct rig rig;
static struct envelope_fault fault;
static struct partner partner;

static char *written(const char *name)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	struct partner_local local = {.name = name, .zone = "peering", .trust = "a-ca.pem", .wall_ms = rig.wall_ms};
	assert_true(partner_write(&partner, &local, to));
	fclose(to);
	return text;
}

// The whole way: made, signed, opened, read, written, pasted, checked.
static void pasted_and_checked(void **state)
{
	char *sealed = rig_sealed(&rig, "inner-b");
	json_t *o;
	(void)state;
	assert_true(is_ok(envelope_open(bytes_of_string(sealed), bytes_of_string(rig.authority.pem), rig.wall_ms, &o, &fault)));
	assert_int_equal(partner_read(o, &partner, &fault).error, E_OK);
	char *text = written("ssp-a");
	struct conf_result r = rig_load(&rig, rig_partner_text(text));
	char line[1024];
	for (uint32_t i = 0; i < r.message_count; i++)
		if (r.message[i].severity != CONF_WARNING)
			fail_msg("%s", conf_message_text(&r, i, line, sizeof(line)));
	assert_int_equal(conf_check_status(&r), 0);
	const struct peer *p = snapshot_peer(r.snapshot, 0);
	assert_string_equal(p->name, "ssp-a");
	assert_true(p->in_service);
	assert_string_equal(p->reach_domain, "a.example");
	assert_string_equal(p->tls_name[0], "a.example");
	assert_int_equal(p->target_count, 1);
	assert_int_equal(p->target[0].transport, TRANSPORT_TLS);
	assert_int_equal(p->address_count, 2);
	assert_int_equal(p->media_address_count, 1);
	assert_string_equal(p->calls_from[0].digits, "+4930");
	assert_int_equal(p->calls_to_count, 2);
	assert_int_equal(p->calls_per_second, 50);
	assert_int_equal(p->srtp, SRTP_REQUIRED);
	assert_int_equal(p->codec_count, 2);
	assert_int_equal(p->session_expires_s, 1200);
	conf_result_free(&r);
	free(text);
	free(sealed);
	json_decref(o);
}

struct bend { // one member set to another value
	const char *a, *b, *json;
	enum error error;
};

// The attacker is the partner himself: YAML of his own, addresses of ours, floods of items.
static void bent(void **state)
{
	static const struct bend bends[] = {
		{"domain", NULL, "\"a.example\\\"\\n- name: x\"", E_SYNTAX},
		{"domain", NULL, "\".\"", E_SYNTAX},
		{"for", NULL, "\"b\\n\"", E_SYNTAX},
		{"version", "content", "\"zz\"", E_SYNTAX},
		{"version", "serial", "0", E_SYNTAX},
		{"signalling", "ingress", "[]", E_SYNTAX},
		{"signalling", "ingress", "[{\"address\":\"a.example\",\"port\":5061,\"transport\":\"tls\"}]", E_SYNTAX},
		{"signalling", "ingress", "[{\"address\":\"192.0.2.1\",\"port\":0,\"transport\":\"tls\"}]", E_SYNTAX},
		{"signalling", "ingress", "[{\"address\":\"192.0.2.1\",\"port\":5061,\"transport\":\"sctp\"}]", E_SYNTAX},
		{"signalling", "ingress", "[{\"address\":\"0.0.0.0\",\"port\":5061,\"transport\":\"tls\"}]", E_POLICY},
		{"signalling", "egress", "[\"224.0.0.1\"]", E_POLICY},
		{"signalling", "egress", "[\"::\"]", E_POLICY},
		{"signalling", "egress", "[5]", E_SYNTAX},
		{"signalling", "egress", "7", E_SYNTAX},
		{"signalling", "session", "{\"expires\":1,\"min_se\":90}", E_SYNTAX},
		{"numbers", "served", "[\"any\"]", E_SYNTAX},
		{"numbers", "served", "[\"+\"]", E_SYNTAX},
		{"numbers", "callers", "[\"+49\\\"]\"]", E_SYNTAX},
		{"numbers", "callers", "[\"+1234567890123456\"]", E_SYNTAX},
		{"limits", "calls_per_second", "100001", E_SYNTAX},
		{"limits", "concurrent_calls", "-1", E_SYNTAX},
		{"media", "codecs", "[\"PCMA\\\"]\"]", E_SYNTAX},
		{"media", "data_border_elements", "[{}]", E_SYNTAX},
		{"media", "srtp_suites", "[1,2,3,4,5]", E_TOO_MANY},
	};
	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(bends); i++) {
		json_t *o = rig_profile(&rig, "inner-b"), *value = json_loads(bends[i].json, JSON_DECODE_ANY, NULL);
		assert_non_null(value);
		json_object_set_new(bends[i].b != NULL ? json_object_get(o, bends[i].a) : o, bends[i].b != NULL ? bends[i].b : bends[i].a, value);
		if (partner_read(o, &partner, &fault).error != bends[i].error)
			fail_msg("%s %s %s: %s", bends[i].a, bends[i].b != NULL ? bends[i].b : "", bends[i].json, fault.text);
		json_decref(o);
	}
}

// LRF-I3: with TLS offered, nothing weaker is taken; without it the peer lacks the control and `check` says so.
static void floor_is_never_lowered(void **state)
{
	json_t *o = rig_profile(&rig, "inner-b");
	(void)state;
	json_object_set_new(json_object_get(o, "signalling"), "ingress", json_pack("[{s:s,s:i,s:s},{s:s,s:i,s:s}]", "address", "192.0.2.1",
		"port", 5060, "transport", "udp", "address", "192.0.2.2", "port", 5061, "transport", "tls"));
	assert_true(is_ok(partner_read(o, &partner, &fault)));
	assert_int_equal(partner.target_count, 1);
	assert_int_equal(partner.target[0].transport, TRANSPORT_TLS);
	assert_int_equal(partner.address_count, 3); // 192.0.2.2 joins those that requests come from (LRF-I1)
	json_array_remove(json_object_get(json_object_get(o, "signalling"), "ingress"), 1);
	json_object_set_new(json_object_get(o, "media"), "srtp", json_string("off"));
	assert_true(is_ok(partner_read(o, &partner, &fault)));
	char *text = written("ssp-a");
	struct conf_result r = rig_load(&rig, rig_partner_text(text));
	assert_int_equal(conf_check_status(&r), 1);
	assert_true(r.out_of_service >= 2);
	conf_result_free(&r);
	free(text);
	json_decref(o);
}

static void never_older(void **state)
{
	json_t *o = rig_profile(&rig, "inner-b");
	(void)state;
	assert_true(is_ok(partner_read(o, &partner, &fault)));
	char *text = written("ssp-a");
	assert_int_equal(partner_follows(&partner, bytes_of_string(text), &fault).error, E_OK);
	partner.serial--;
	assert_int_equal(partner_follows(&partner, bytes_of_string(text), &fault).error, E_STALE);
	partner.serial += 2;
	assert_int_equal(partner_follows(&partner, bytes_of_string(text), &fault).error, E_OK);
	snprintf(partner.domain, sizeof(partner.domain), "z.example");
	assert_int_equal(partner_follows(&partner, bytes_of_string(text), &fault).error, E_POLICY);
	assert_int_equal(partner_follows(&partner, bytes_of_string("peers: []\n"), &fault).error, E_POLICY);
	assert_int_equal(partner_follows(&partner, bytes_of_string(""), &fault).error, E_POLICY);
	static const char *const heads[] = {"# sallyport-profile", "# sallyport-profile ", "# sallyport-profile z.example",
		"# sallyport-profile z.example ", "# sallyport-profile z.example 1", "# sallyport-profile z.example x ",
		"# sallyport-profile z.example 99999999999999999999 "};
	for (uint32_t i = 0; i < ARRAY_LEN(heads); i++)
		assert_int_equal(partner_follows(&partner, bytes_of_string(heads[i]), &fault).error, E_POLICY);
	free(text);
	json_decref(o);
}

static void names(void **state)
{
	(void)state;
	assert_true(partner_name_good("ssp-a_1.x"));
	assert_false(partner_name_good(""));
	assert_false(partner_name_good("a b"));
	assert_false(partner_name_good("a\n- name: b"));
}

static int begin(void **state)
{
	(void)state;
	rig_begin(&rig, PKI_P256);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rig_end(&rig);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pasted_and_checked), TEST(bent), TEST(floor_is_never_lowered), TEST(never_older), TEST(names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
