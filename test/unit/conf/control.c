// SPDX-License-Identifier: Apache-2.0
// Every missing control keeps its peer out of service, a dated waiver lets it serve, an old one does not
// (BE-4).
#include "support.h"

#define REACH "    reach: {domain: ssp-b.example, transport: tls}\n"
#define KNOWN "    known_by: {trust: ca.pem, addresses: [192.0.2.0/28]}\n"
#define NUMBERS "    numbers: {calls_from: [\"+4930\"], calls_to: [\"+4930\"]}\n"
#define LIMITS "    limits: {calls_per_second: 5, concurrent_calls: 50, messages_per_second: 100}\n"
#define MEDIA "    media: {addresses: [192.0.2.16/28]}\n"
#define IDENTITY "{control: identity, reason: \"not in this release\", until: 2027-01-01}"
#define WAIVERS(more) "    waivers: [" IDENTITY more "]\n"
#define WAIVE(control, until) ", {control: " control ", reason: \"agreed with them\", until: " until "}"

static void in_service_h(void **state)
{
	struct conf_result r = test_load(test_with_peer(REACH KNOWN NUMBERS LIMITS MEDIA WAIVERS("")));

	(void)state;
	assert_int_equal(r.errors + r.out_of_service, 0);
	assert_int_equal(test_peer(&r, "ssp-b")->in_service, 1);
	assert_string_equal(test_peer(&r, "ssp-b")->tls_name[0], "ssp-b.example");
	assert_int_equal(conf_check_status(&r), 0);
	conf_result_free(&r);
}

struct lacking {
	const char *control;
	const char *what;
	uint32_t line, column;
	const char *without, *waived; // the peer's fields
};

static const struct lacking table[] = {
	{"transport-identity", "no certificate proves", 10, 15,
		REACH "    known_by: {addresses: [192.0.2.0/28]}\n" NUMBERS LIMITS MEDIA WAIVERS(""),
		REACH "    known_by: {addresses: [192.0.2.0/28]}\n" NUMBERS LIMITS MEDIA WAIVERS(
			WAIVE("transport-identity", "2026-12-31"))},
	{"addresses", "no address ranges", 10, 15,
		REACH "    known_by: {trust: ca.pem}\n" NUMBERS LIMITS MEDIA WAIVERS(""),
		REACH "    known_by: {trust: ca.pem}\n" NUMBERS LIMITS MEDIA WAIVERS(
			WAIVE("addresses", "2026-12-31"))},
	{"numbers", "numbers are not bounded", 11, 14,
		REACH KNOWN "    numbers: {calls_from: any, calls_to: [\"+49\"]}\n" LIMITS MEDIA WAIVERS(""),
		REACH KNOWN "    numbers: {calls_from: any, calls_to: [\"+49\"]}\n" LIMITS MEDIA WAIVERS(
			WAIVE("numbers", "2026-12-31"))},
	{"rates", "rates are not bounded", 12, 13,
		REACH KNOWN NUMBERS
		"    limits: {calls_per_second: 5, concurrent_calls: 50}\n" MEDIA WAIVERS(""),
		REACH KNOWN NUMBERS "    limits: {calls_per_second: 5, concurrent_calls: 50}\n" MEDIA WAIVERS(
			WAIVE("rates", "2026-12-31"))},
	{"media-source", "no media source addresses", 13, 12,
		REACH KNOWN NUMBERS LIMITS "    media: {codecs: [PCMA]}\n" WAIVERS(""),
		REACH KNOWN NUMBERS LIMITS
		"    media: {codecs: [PCMA]}\n" WAIVERS(WAIVE("media-source", "2026-12-31"))},
	{"srtp", "SRTP is not required", 13, 47,
		REACH KNOWN NUMBERS LIMITS
		"    media: {addresses: [192.0.2.16/28], srtp: preferred}\n" WAIVERS(""),
		REACH KNOWN NUMBERS LIMITS
		"    media: {addresses: [192.0.2.16/28], srtp: preferred}\n" WAIVERS(
			WAIVE("srtp", "2026-12-31"))},
	{"headers", "not held to the list", 14, 14,
		REACH KNOWN NUMBERS LIMITS MEDIA "    headers: relaxed\n" WAIVERS(""),
		REACH KNOWN NUMBERS LIMITS MEDIA
		"    headers: relaxed\n" WAIVERS(WAIVE("headers", "2026-12-31"))},
	{"identity", "is not verified", 7, 5, REACH KNOWN NUMBERS LIMITS MEDIA,
		REACH KNOWN NUMBERS LIMITS MEDIA WAIVERS("")},
	{"session-timers", "session timers are off", 14, 23,
		REACH KNOWN NUMBERS LIMITS MEDIA "    session: {timers: off}\n" WAIVERS(""),
		REACH KNOWN NUMBERS LIMITS MEDIA
		"    session: {timers: off}\n" WAIVERS(WAIVE("session-timers", "2026-12-31"))},
	{"media-anchor", "does not pass through us", 13, 49,
		REACH KNOWN NUMBERS LIMITS
		"    media: {addresses: [192.0.2.16/28], anchor: no}\n" WAIVERS(""),
		REACH KNOWN NUMBERS LIMITS "    media: {addresses: [192.0.2.16/28], anchor: no}\n" WAIVERS(
			WAIVE("media-anchor", "2026-12-31"))},
};

static enum control control_of(const char *name)
{
	int i = 0;

	while (i < CONTROL_COUNT && strcmp(control_name((enum control)i), name) != 0)
		i++;
	return (enum control)i;
}

static enum control_state state_of(const struct conf_result *r, const char *control, uint64_t wall_ms)
{
	return peer_control_state(r->snapshot, test_peer(r, "ssp-b"), control_of(control), wall_ms);
}

static void check_without(const struct lacking *t)
{
	struct conf_result r = test_load(test_with_peer(t->without));
	const struct conf_message *m = test_message(&r, t->what);

	assert_int_equal(r.errors, 0);
	assert_int_equal(r.out_of_service, 1);
	assert_non_null(m);
	assert_int_equal(m->severity, CONF_OUT_OF_SERVICE);
	assert_int_equal(m->line, t->line);
	assert_int_equal(m->column, t->column);
	assert_non_null(strstr(m->text, t->control));
	assert_int_equal(conf_check_status(&r), 1);
	assert_int_equal(test_peer(&r, "ssp-b")->in_service, 0);
	assert_int_equal(state_of(&r, t->control, TEST_WALL_MS), CONTROL_MISSING);
	assert_int_equal(strncmp(test_peer(&r, "ssp-b")->why_out, t->control, strlen(t->control)), 0);
	conf_result_free(&r);
}

static void each_control_h(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct conf_result r;
		print_message("control %s\n", table[i].control);
		check_without(&table[i]);
		r = test_load(test_with_peer(table[i].waived));
		assert_int_equal(r.errors + r.out_of_service, 0);
		assert_int_equal(test_peer(&r, "ssp-b")->in_service, 1);
		assert_non_null(test_message(&r, "waived until"));
		assert_int_equal(state_of(&r, table[i].control, TEST_WALL_MS), CONTROL_WAIVED);
		assert_int_equal(state_of(&r, table[i].control, TEST_WALL_MS * 2), CONTROL_EXPIRED);
		assert_int_equal(state_of(&r, "response-source", TEST_WALL_MS), CONTROL_ENFORCED);
		conf_result_free(&r);
	}
}

static void waived_rates_open_h(void **state)
{
	struct conf_result r = test_load(test_with_peer(table[3].waived));

	(void)state;
	assert_int_equal(test_peer(&r, "ssp-b")->calls_per_second, 5);
	assert_int_equal(test_peer(&r, "ssp-b")->messages_per_second, 1000000);
	conf_result_free(&r);
}

// The load happens on 2026-11-23 at 00:00 UTC.
static void waiver_dates_h(void **state)
{
	static const struct {
		const char *until;
		uint32_t out;
	} dates[] = {{"2026-11-22", 1}, {"2026-11-23", 0}, {"2026-11-24", 0}, {"2024-02-29", 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		char fields[2048];
		struct conf_result r;
		snprintf(fields, sizeof(fields),
			REACH KNOWN NUMBERS LIMITS MEDIA
			"    headers: relaxed\n    waivers: [" IDENTITY
			", {control: headers, reason: \"agreed with them\", until: %s}]\n",
			dates[i].until);
		r = test_load(test_with_peer(fields));
		assert_int_equal(r.errors, 0);
		assert_int_equal(r.out_of_service, dates[i].out);
		assert_int_equal(test_peer(&r, "ssp-b")->in_service, !dates[i].out);
		if (dates[i].out)
			assert_non_null(test_message(&r, dates[i].until));
		conf_result_free(&r);
	}
}

static void waiver_ends_at_midnight_h(void **state)
{
	struct conf_result r = test_load(test_with_peer(table[5].waived));
	const struct peer *p = test_peer(&r, "ssp-b");
	uint64_t end = 1798761600000ull; // 2027-01-01 00:00 UTC

	(void)state;
	assert_int_equal(p->waiver[CONTROL_SRTP].until_ms, end);
	assert_string_equal(p->waiver[CONTROL_SRTP].reason, "agreed with them");
	assert_int_equal(peer_waiver_state(p, CONTROL_SRTP, end - 1), 1);
	assert_int_equal(peer_waiver_state(p, CONTROL_SRTP, end), 2);
	assert_int_equal(peer_waiver_state(p, CONTROL_HEADERS, end), 0);
	assert_int_equal(peer_waiver_state(p, CONTROL_COUNT, end), 0);
	conf_result_free(&r);
}

static void bad_waivers_h(void **state)
{
	static const struct {
		const char *waiver, *what;
	} bad[] = {
		{"{control: srtp, reason: \"agreed with them\", until: 2026-02-29}", "write a date"},
		{"{control: srtp, reason: \"agreed with them\", until: 2026-13-01}", "write a date"},
		{"{control: srtp, reason: \"agreed with them\", until: soon}", "write a date"},
		{"{control: srtp, reason: \"agreed with them\"}", "until is missing"},
		{"{control: srtp, reason: \"short\", until: 2027-01-01}", "write 8 to 127"},
		{"{control: srtp, until: 2027-01-01}", "reason is missing"},
		{"{control: strp, reason: \"agreed with them\", until: 2027-01-01}", "\"strp\" does not fit"},
		{"{reason: \"agreed with them\", until: 2027-01-01}", "control is missing"},
		{IDENTITY, "a second waiver for identity"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char fields[2048];
		struct conf_result r;
		snprintf(fields, sizeof(fields),
			REACH KNOWN NUMBERS LIMITS MEDIA "    waivers: [" IDENTITY ", %s]\n", bad[i].waiver);
		r = test_load(test_with_peer(fields));
		assert_int_equal(r.errors, 1);
		assert_non_null(test_message(&r, bad[i].what));
		conf_result_free(&r);
	}
}

static void long_waiver_h(void **state)
{
	struct conf_result r = test_load(test_with_peer(
		REACH KNOWN NUMBERS LIMITS MEDIA WAIVERS(WAIVE("core-in-body", "2027-11-24"))));

	(void)state;
	assert_int_equal(r.errors + r.out_of_service, 0);
	assert_non_null(test_message(&r, "core-in-body holds for more than a year"));
	conf_result_free(&r);
	r = test_load(test_with_peer(
		REACH KNOWN NUMBERS LIMITS MEDIA WAIVERS(WAIVE("core-in-body", "2027-11-23"))));
	assert_null(test_message(&r, "more than a year"));
	conf_result_free(&r);
}

static void empty_numbers_h(void **state)
{
	struct conf_result r = test_load(test_with_peer(
		REACH KNOWN "    numbers: {calls_from: [\"+49\"], calls_to: []}\n" LIMITS MEDIA WAIVERS("")));

	(void)state;
	assert_int_equal(r.errors + r.out_of_service, 0);
	assert_int_equal(test_peer(&r, "ssp-b")->calls_to_count, 0);
	conf_result_free(&r);
	r = test_load(test_with_peer(
		REACH KNOWN "    numbers: {calls_from: [\"+49\"]}\n" LIMITS MEDIA WAIVERS("")));
	assert_int_equal(r.out_of_service, 1);
	conf_result_free(&r);
	r = test_load(test_with_peer(REACH KNOWN
		"    numbers: {calls_from: [any, \"+49\"], calls_to: []}\n" LIMITS MEDIA WAIVERS("")));
	test_one_error(r, 11, 33, "any stands alone");
}

static void core_tls_h(void **state)
{
	(void)state;
	test_one_error(test_load("domain: x.example\ntls: {certificate: a.pem, key: k}\n"
				 "listen: [{name: a, zone: core, sip: [\"tls:127.0.0.1:5061\"], media: "
				 "\"127.0.0.1:20000-20001\"}]\n"
				 "peers: [{name: a, zone: core, reach: {targets: [\"tls:192.0.2.1\"]}, "
				 "known_by: {addresses: [192.0.2.1]}}]\n"),
		4, 38, "tls without anchors");
}

static void shadow_h(void **state)
{
	struct conf_result r = test_load(
		test_with_peer(REACH KNOWN NUMBERS LIMITS MEDIA WAIVERS("") "    shadow: [srtp]\n"));

	(void)state;
	assert_int_equal(r.errors + r.out_of_service, 0);
	assert_non_null(test_message(&r, "control srtp is in shadow"));
	assert_int_equal(state_of(&r, "srtp", TEST_WALL_MS), CONTROL_SHADOWED);
	assert_int_equal(state_of(&r, "headers", TEST_WALL_MS), CONTROL_ENFORCED);
	conf_result_free(&r);
	test_one_error(test_load(test_with_peer(
			       REACH KNOWN NUMBERS LIMITS MEDIA WAIVERS("") "    shadow: [everything]\n")),
		15, 14, "does not fit");
}

static void nothing_known_h(void **state)
{
	(void)state;
	test_one_error(
		test_load(test_with_peer(
			"    reach: {domain: b.example, transport: tls}\n" NUMBERS LIMITS MEDIA WAIVERS(
				WAIVE("transport-identity", "2027-01-01") WAIVE("addresses", "2027-01-01")))),
		7, 5, "from a stranger");
}

static void promises_h(void **state)
{
	(void)state;
	test_one_error(test_load(test_with_peer(REACH KNOWN NUMBERS LIMITS MEDIA
			       "    identity: {verify: required}\n" WAIVERS(""))),
		14, 24, "verify: off");
	test_one_error(test_load(test_with_peer(REACH KNOWN NUMBERS LIMITS MEDIA
			       "    identity: {verify: off, sign: full}\n" WAIVERS(""))),
		14, 35, "sign: off");
}

static void extensions_h(void **state)
{
	struct conf_result r = test_load(
		test_with_peer(REACH KNOWN NUMBERS LIMITS MEDIA "    require_extensions: [100rel, timer]\n" WAIVERS("")));

	(void)state;
	assert_int_equal(r.errors, 0);
	assert_int_equal(test_peer(&r, "ssp-b")->require_100rel, 1);
	assert_int_equal(test_peer(&r, "ssp-b")->require_timer, 1);
	conf_result_free(&r);
	r = test_load(test_with_peer(REACH KNOWN NUMBERS LIMITS MEDIA "    require_extensions: timer\n" WAIVERS("")));
	assert_int_equal(test_peer(&r, "ssp-b")->require_100rel, 0);
	assert_int_equal(test_peer(&r, "ssp-b")->require_timer, 1);
	conf_result_free(&r);
	test_one_error(test_load(test_with_peer(REACH KNOWN NUMBERS LIMITS MEDIA
			       "    require_extensions: [gruu]\n" WAIVERS(""))),
		14, 26, "100rel, timer");
}

static void core_defaults_h(void **state)
{
	struct conf_result r = test_load(test_base("peers:\n"
						   "  - name: pbx\n"
						   "    zone: core\n"
						   "    reach: {targets: [\"udp:127.0.0.9:5060\"]}\n"
						   "    known_by: {addresses: [127.0.0.9]}\n"
						   "    numbers: {calls_from: any, calls_to: any}\n" LIMITS));
	const struct peer *p = test_peer(&r, "pbx");

	(void)state;
	assert_int_equal(r.message_count, 0);
	assert_int_equal(p->in_service, 1);
	assert_int_equal(p->reach_transport, TRANSPORT_UDP);
	assert_int_equal(p->srtp, SRTP_OFF);
	assert_int_equal(p->headers_strict, 1);
	assert_int_equal(p->anchor, 1);
	assert_true(numbers_contain(p->calls_from, p->calls_from_count, "+1"));
	assert_int_equal(
		peer_control_state(r.snapshot, p, CONTROL_SRTP, TEST_WALL_MS), CONTROL_NOT_APPLICABLE);
	assert_int_equal(
		peer_control_state(r.snapshot, p, CONTROL_ADDRESSES, TEST_WALL_MS), CONTROL_ENFORCED);
	assert_string_equal(control_state_name(CONTROL_NOT_APPLICABLE), "not-applicable");
	conf_result_free(&r);
	r = test_load(test_base(
		"peers:\n  - name: pbx\n    zone: core\n    reach: {targets: [\"udp:192.0.2.9\"]}\n"));
	assert_non_null(test_message(&r, "no address ranges"));
	assert_non_null(test_message(&r, "numbers are not bounded"));
	assert_non_null(test_message(&r, "rates are not bounded"));
	assert_int_equal(r.out_of_service, 3);
	assert_int_equal(r.errors, 1);
	conf_result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_service_h),
		cmocka_unit_test(each_control_h),
		cmocka_unit_test(waived_rates_open_h),
		cmocka_unit_test(waiver_dates_h),
		cmocka_unit_test(waiver_ends_at_midnight_h),
		cmocka_unit_test(bad_waivers_h),
		cmocka_unit_test(long_waiver_h),
		cmocka_unit_test(empty_numbers_h),
		cmocka_unit_test(core_tls_h),
		cmocka_unit_test(shadow_h),
		cmocka_unit_test(nothing_known_h),
		cmocka_unit_test(promises_h),
		cmocka_unit_test(extensions_h),
		cmocka_unit_test(core_defaults_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
