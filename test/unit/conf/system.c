// SPDX-License-Identifier: Apache-2.0
// Zones and listeners: what a socket may be, and what two of them may not share.
#include "support.h"

// A file with one or two listeners, given as the text within their braces.
static const char *listeners(const char *first, const char *second)
{
	static char text[4096];

	snprintf(text, sizeof(text), "domain: x.example\nlisten:\n  - {name: a, zone: core, %s}\n", first);
	if (second != NULL)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  - {name: b, zone: edge, %s}\n",
			second);
	return text;
}

static void refused(const char *first, const char *second, uint32_t line, const char *what)
{
	struct conf_result r = test_load(listeners(first, second));
	const struct conf_message *m = test_message(&r, what);

	if (r.errors != 1 || m == NULL)
		print_message("%s | %s\n", first, r.message_count > 0 ? r.message[0].text : "nothing said");
	assert_int_equal(r.errors, 1);
	assert_non_null(m);
	assert_int_equal(m->line, line);
	conf_result_free(&r);
}

static void sockets_h(void **state)
{
	static const char *const bad[] = {"127.0.0.1:5060", "dtls:127.0.0.1:5061", "udp:127.0.0.1",
		"udp:127.0.0.1:0", "udp:127.0.0.1:65536", "udp:host.example:5060", "udp:[::1:5060",
		"UDP:127.0.0.1:5060", "udp:127.0.0.1:5060 "};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char text[128];
		snprintf(text, sizeof(text), "sip: [\"%s\"]", bad[i]);
		refused(text, NULL, 3, "does not fit");
	}
	refused("sip: []", NULL, 3, "sip: 0 items; write 1 to 8");
	refused("sip: [\"udp:224.0.0.1:5060\"]", NULL, 3, "multicast");
	refused("sip: [\"udp:0.0.0.0:5060\"]", NULL, 3, "unspecified");
	refused("sip: [\"tls:127.0.0.1:5061\"]", NULL, 3, "without a certificate");
	refused("sip: [\"udp:127.0.0.1:5060\", \"udp:127.0.0.1:5060\"]", NULL, 3, "stands twice");
	refused("sip: [\"tcp:127.0.0.1:5060\"]", "sip: [\"tcp:127.0.0.1:5060\"]", 4, "stands twice");
}

static void good_h(void **state)
{
	struct conf_result r =
		test_load(listeners("sip: [\"udp:[::1]:5060\", \"tcp:[::1]:5060\"], strangers: answer",
			"sip: [\"udp:0.0.0.0:5060\"], advertise: 203.0.113.7, interface: vrf-ipx, dscp: "
			"{sip: af31, media: 10}, "
			"media: \"[2001:db8::1]:20000-20001\""));
	const struct listener *a = &r.snapshot->listener[0], *b = &r.snapshot->listener[1];

	(void)state;
	assert_int_equal(r.message_count, 0);
	assert_int_equal(r.snapshot->zone_count, 2);
	assert_int_equal(r.snapshot->zone[0].is_core, 1);
	assert_int_equal(r.snapshot->zone[1].is_core, 0);
	assert_int_equal(r.snapshot->zone[1].transit, 0);
	assert_int_equal(a->sip_count, 2);
	assert_int_equal(a->sip[0].address.family, 6);
	assert_int_equal(a->strangers_answer, 1);
	assert_int_equal(a->dscp_sip, 24);
	assert_int_equal(a->dscp_media, 46);
	assert_int_equal(b->strangers_answer, 0);
	assert_string_equal(b->interface, "vrf-ipx");
	assert_int_equal(b->advertise.ip[0], 203);
	assert_int_equal(b->dscp_sip, 26);
	assert_int_equal(b->dscp_media, 10);
	assert_int_equal(b->media_first, 20000);
	assert_int_equal(b->media_last, 20001);
	conf_result_free(&r);
}

// One socket for each transport and family of a listener, and an advertised address only where it is ever written.
static void families_h(void **state)
{
	struct conf_result r;

	(void)state;
	refused("sip: [\"udp:127.0.0.1:5060\", \"udp:127.0.0.1:5070\"]", NULL, 3, "two IPv4 udp sockets");
	refused("sip: [\"tcp:[::1]:5060\", \"udp:[::1]:5060\", \"tcp:[::1]:5070\"]", NULL, 3, "two IPv6 tcp sockets");
	refused("sip: [\"udp:127.0.0.1:5060\"], advertise: 2001:db8::7", NULL, 3, "an IPv6 address where every socket is IPv4");
	refused("sip: [\"udp:[::1]:5060\"], media: \"[::1]:20000-20001\", advertise: 203.0.113.7", NULL, 3,
		"an IPv4 address where every socket is IPv6");
	refused("sip: [\"udp:0.0.0.0:5060\", \"udp:[::]:5060\"], advertise: 203.0.113.7", NULL, 3, "unspecified");
	refused("sip: [\"udp:127.0.0.1:5060\"], media: \"[::]:20000-20001\", advertise: 203.0.113.7", NULL, 3, "unspecified");
	r = test_load(listeners("sip: [\"udp:0.0.0.0:5060\", \"tcp:0.0.0.0:5060\", \"udp:[::1]:5060\", \"tcp:[::1]:5070\"], "
				"advertise: 203.0.113.7", NULL));
	assert_int_equal(r.message_count, 0);
	assert_int_equal(r.snapshot->listener[0].sip_count, 4);
	conf_result_free(&r);
}

static void media_ranges_h(void **state)
{
	static const char *const bad[] = {"20000-20099", "127.0.0.1:20000", "127.0.0.1:20000-",
		"127.0.0.1:x-20001", "127.0.0.1:20000-65537", "name.example:20000-20001"};
	static const char *const ports[] = {"127.0.0.1:20001-20099", "127.0.0.1:20000-20098",
		"127.0.0.1:1022-1999", "127.0.0.1:20002-20001"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "sip: [\"udp:127.0.0.1:5060\"], media: \"%s\"", bad[i]);
		refused(text, NULL, 3, "does not fit");
	}
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		snprintf(text, sizeof(text), "sip: [\"udp:127.0.0.1:5060\"], media: \"%s\"", ports[i]);
		refused(text, NULL, 3, "begin with an even port");
	}
	refused("sip: [\"udp:127.0.0.1:5060\"], media: \"127.0.0.1:5000-5099\"", NULL, 3,
		"lies within the media ports");
	refused("sip: [\"udp:127.0.0.1:5060\"], media: \"127.0.0.1:6000-6099\"",
		"sip: [\"udp:127.0.0.2:5060\"], media: \"127.0.0.1:6098-6199\"", 4, "media ports overlap");
}

static void names_h(void **state)
{
	struct conf_result r;

	(void)state;
	r = test_load("domain: x.example\nlisten:\n  - {name: a, zone: c, sip: [\"udp:127.0.0.1:1\"]}\n"
		      "  - {name: a, zone: c, sip: [\"udp:127.0.0.1:2\"]}\n");
	test_one_error(r, 4, 12, "listener \"a\" stands twice");
	r = test_load(test_base("zones: [{name: core}, {name: core}]\n"));
	test_one_error(r, 6, 23, "zone \"core\" stands twice");
	r = test_load(
		test_base("zones: [{name: peering, core: yes}, {name: core, core: no, transit: yes}]\n"));
	assert_int_equal(r.message_count, 0);
	assert_int_equal(r.snapshot->zone[0].is_core, 1);
	assert_int_equal(r.snapshot->zone[1].is_core, 0);
	assert_int_equal(r.snapshot->zone[1].transit, 1);
	assert_int_equal(r.snapshot->listener[1].zone, 0);
	conf_result_free(&r);
}

static void metrics_h(void **state)
{
	struct conf_result r = test_load(test_base("metrics: \"[::1]:9464\"\n"));

	(void)state;
	assert_int_equal(r.snapshot->settings.metrics.port, 9464);
	conf_result_free(&r);
	r = test_load(test_base(""));
	assert_int_equal(r.snapshot->settings.metrics.family, 0);
	assert_int_equal(r.snapshot->settings.max_calls, 10000);
	assert_int_equal(r.snapshot->settings.silence_one_way_s, 120);
	assert_int_equal(r.snapshot->settings.silence_both_s, 300);
	assert_int_equal(r.snapshot->settings.udp_path_limit, 1300);
	assert_int_equal(r.snapshot->peer_count, 0);
	conf_result_free(&r);
	test_one_error(test_load(test_base("metrics: \"0.0.0.0:9464\"\n")), 6, 10, "not a loopback address");
	test_one_error(
		test_load(test_base("metrics: \"192.0.2.1:9464\"\n")), 6, 10, "not a loopback address");
	test_one_error(test_load(test_base("registry: \"mysql:x\"\n")), 6, 11, "write \"sqlite:FILE\"");
}

static void too_many_h(void **state)
{
	char text[8192];
	size_t used = (size_t)snprintf(text, sizeof(text), "domain: x.example\nlisten:\n");

	(void)state;
	for (int i = 0; i <= ZONES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"  - {name: l%d, zone: z%d, sip: [\"udp:127.0.0.1:%d\"]}\n", i, i, 5060 + i);
	test_one_error(test_load(text), 3 + ZONES_MAX, 5, "more than 8 zones");
	for (int i = ZONES_MAX + 1; i <= LISTENERS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"  - {name: l%d, zone: z0, sip: [\"udp:127.0.0.1:%d\"]}\n", i, 5060 + i);
	test_one_error(test_load(text), 3, 3, "listen: 17 items; write 1 to 16");
}

// What `run` could not keep records for is refused by `check`, at its place (limits.calls times workers).
static void call_slots_h(void **state)
{
	static const struct {
		const char *extra;
		uint32_t cores;
		const char *what; // NULL: it loads
	} tries[] = {
		{"limits: {calls: 1000000}\nworkers: 1\n", 0, NULL},
		{"limits: {calls: 524288}\nworkers: 2\n", 0, NULL},
		{"limits: {calls: 524289}\nworkers: 2\n", 0, "limits.calls 524289 times 2 workers is more than 1048576"},
		{"limits: {calls: 1000000}\nworkers: 64\n", 0, "limits.calls 1000000 times 64 workers is more than"},
		{"limits: {calls: 300000}\n", 4, "limits.calls 300000 times 4 workers (one per core) is more than"},
		{"limits: {calls: 300000}\n", 3, NULL},
		{"limits: {calls: 300000}\n", 0, NULL}, // cores not known: not of this machine
		{"limits: {calls: 300000}\nworkers: 3\n", 4, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		struct conf_hooks hooks = test_hooks;
		struct conf_result r;
		hooks.cores = tries[i].cores;
		result got = conf_load("x.yaml", bytes_of_string(test_base(tries[i].extra)), &hooks, TEST_WALL_MS, NULL, &r);
		assert_int_equal(got.error, tries[i].what != NULL ? E_CONFIG : E_OK);
		if (tries[i].what != NULL)
			test_one_error(r, 6, 17, tries[i].what);
		else
			conf_result_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_h),
		cmocka_unit_test(good_h),
		cmocka_unit_test(families_h),
		cmocka_unit_test(media_ranges_h),
		cmocka_unit_test(names_h),
		cmocka_unit_test(metrics_h),
		cmocka_unit_test(too_many_h),
		cmocka_unit_test(call_slots_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
