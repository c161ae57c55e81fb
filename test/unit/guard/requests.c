// SPDX-License-Identifier: Apache-2.0
// The monitor's table of requests: each role x type, and what a taken-over signaller may dial (BE-2, LRF-I2).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_play.h"
#include "guard/requests.h"

static struct ipc_control message(unsigned type)
{
	return (struct ipc_control){.version = IPC_CONTROL_VERSION, .type = (uint16_t)type};
}

static int world_new(void **state)
{
	struct play *p = calloc(1, sizeof(*p));

	*state = p;
	return p != NULL && play_open(p) ? 0 : -1;
}

static int world_free(void **state)
{
	play_close(*state);
	free(*state);
	return 0;
}

static void what_stands_in_no_row_is_refused(void **state)
{
	struct play *p = *state;
	uint32_t granted = 0;

	for (unsigned role = 0; role <= ROLE_COUNT; role++)
		for (unsigned type = 0; type <= IPC_CONTROL_TYPES; type++) {
			struct ipc_control m = message(type);
			m.peer = PEER_NONE;
			granted += is_ok(request_check(role, &m, sizeof(m), p->rig.conf.snapshot));
		}
	// seven times READY and TAKEN, RESOLVED; CANNOT, TALLY of the signer; TALLY of the portal; RELOAD, DRAIN_ASK, PROCESSES of admin
	assert_int_equal(granted, 21);
	struct ipc_control m = message(IPC_CONTROL_RELOAD);
	assert_true(is_ok(request_check(ROLE_ADMIN, &m, sizeof(m), p->rig.conf.snapshot)));
	assert_int_equal(request_check(ROLE_SIGNALLER, &m, sizeof(m), p->rig.conf.snapshot).error, E_POLICY);
	assert_int_equal(request_check(ROLE_MEDIA, &m, sizeof(m), p->rig.conf.snapshot).error, E_POLICY);
}

static void form(void **state)
{
	struct play *p = *state;
	const struct snapshot *s = p->rig.conf.snapshot;
	struct ipc_control m = message(IPC_CONTROL_READY);

	assert_true(is_ok(request_check(ROLE_MEDIA, &m, sizeof(m), s)));
	assert_int_equal(request_check(ROLE_MEDIA, &m, sizeof(m) - 1, s).error, E_SYNTAX);
	assert_int_equal(request_check(ROLE_MEDIA, &m, 0, s).error, E_SYNTAX);
	m.address_count = IPC_CONTROL_ADDRESSES_MAX;
	assert_true(is_ok(request_check(ROLE_MEDIA, &m, sizeof(m), s)));
	m.address_count++;
	assert_int_equal(request_check(ROLE_MEDIA, &m, sizeof(m), s).error, E_SYNTAX);
	m.address_count = 0;
	memset(m.text, 'x', sizeof(m.text));
	assert_int_equal(request_check(ROLE_MEDIA, &m, sizeof(m), s).error, E_SYNTAX);
	m.text[0] = 0;
	m.version++;
	assert_int_equal(request_check(ROLE_MEDIA, &m, sizeof(m), s).error, E_SYNTAX);
}

// What a resolver that was taken over might send: indices beyond their tables, text without an end.
static void located(void **state)
{
	struct play *p = *state;
	const struct snapshot *s = p->rig.conf.snapshot;
	struct ipc_control good = message(IPC_CONTROL_RESOLVED);

	good.way_count = WAYS_MAX;
	for (uint32_t i = 0; i < WAYS_MAX; i++)
		good.way[i] = (struct way){.transport = TRANSPORT_TLS, .address = {.family = 4}};
	assert_true(is_ok(request_check(ROLE_RESOLVER, &good, sizeof(good), s)));
	for (int i = 0; i < 5; i++) {
		struct ipc_control m = good;
		if (i == 0)
			m.way_count++;
		else if (i == 1)
			m.verdict = DNS_BOGUS + 1;
		else if (i == 2)
			memset(m.reason, 'x', sizeof(m.reason));
		else if (i == 3)
			m.way[63].transport = TRANSPORT_COUNT;
		else
			m.way[0].address.family = 5;
		assert_int_equal(request_check(ROLE_RESOLVER, &m, sizeof(m), s).error, E_SYNTAX);
	}
	assert_int_equal(request_check(ROLE_MEDIA, &good, sizeof(good), s).error, E_POLICY);
}

static void dialling(void **state)
{
	struct play *p = *state;
	struct snapshot *s = p->rig.conf.snapshot;
	struct ipc_control m = message(IPC_CONTROL_DIAL);

	m.peer = flow_rig_peer(&p->rig, "ssp-b");
	m.listener = 1;
	m.address_count = 1;
	assert_true(is_ok(address_parse(bytes_of_string("192.0.2.2:5061"), &m.address[0])));
	assert_true(is_ok(request_check(ROLE_SIGNALLER, &m, sizeof(m), s)));
	assert_int_equal(request_check(ROLE_ADMIN, &m, sizeof(m), s).error, E_POLICY);
	static const char *const foreign[] = {"203.0.113.1:5061", "127.0.0.1:22", "10.0.0.5:5060", "192.0.2.16:5061"};
	for (uint32_t i = 0; i < ARRAY_LEN(foreign); i++) {
		assert_true(is_ok(address_parse(bytes_of_string(foreign[i]), &m.address[0])));
		assert_int_equal(request_check(ROLE_SIGNALLER, &m, sizeof(m), s).error, E_NOT_FOUND);
	}
	assert_true(is_ok(address_parse(bytes_of_string("192.0.2.15:5061"), &m.address[0]))); // last of its range
	assert_true(is_ok(request_check(ROLE_SIGNALLER, &m, sizeof(m), s)));
	m.listener = 0; // of another zone
	assert_int_equal(request_check(ROLE_SIGNALLER, &m, sizeof(m), s).error, E_NOT_FOUND);
	m.listener = 200;
	assert_int_equal(request_check(ROLE_SIGNALLER, &m, sizeof(m), s).error, E_NOT_FOUND);
	m.listener = 1;
	m.address[0].port = 0;
	assert_int_equal(request_check(ROLE_SIGNALLER, &m, sizeof(m), s).error, E_SYNTAX);
	m.address[0].port = 5061;
	m.peer = PEER_NONE;
	assert_int_equal(request_check(ROLE_SIGNALLER, &m, sizeof(m), s).error, E_NOT_FOUND);
	m.peer = flow_rig_peer(&p->rig, "ssp-b");
	((struct peer *)snapshot_peer(s, m.peer))->blocked = 1;
	assert_int_equal(request_check(ROLE_SIGNALLER, &m, sizeof(m), s).error, E_NOT_FOUND);
}

// A taken-over directory or signaller: only names below a peer on demand, told by their form alone.
static void on_demand(void **state)
{
	static const char *const taken[] = {"b.fed.example", "a-1.b.fed.example"};
	static const char *const not_taken[] = {"fed.example", "xfed.example", "b.fed.example.evil", ".example", "b"};
	static const char *const no_name[] = {"", "B.fed.example", "b c.fed.example", "b\n.fed.example", "b~.fed.example"};
	struct play *p = *state;
	struct snapshot *s = p->rig.conf.snapshot;
	struct ipc_control m = message(IPC_CONTROL_DEMAND);

	m.peer = flow_rig_peer(&p->rig, "ssp-b");
	snprintf(m.text, sizeof(m.text), "%s", "b.fed.example");
	assert_int_equal(request_check(ROLE_DIRECTORY, &m, sizeof(m), s).error, E_NOT_FOUND); // he is no peer on demand
	snprintf(((struct peer *)snapshot_peer(s, m.peer))->demand_below, DOMAIN_MAX, "fed.example");
	for (uint32_t i = 0; i < ARRAY_LEN(taken); i++) {
		snprintf(m.text, sizeof(m.text), "%s", taken[i]);
		assert_true(is_ok(request_check(ROLE_DIRECTORY, &m, sizeof(m), s)));
		assert_true(is_ok(request_check(ROLE_SIGNALLER, &m, sizeof(m), s)));
		assert_int_equal(request_check(ROLE_RESOLVER, &m, sizeof(m), s).error, E_POLICY);
		assert_int_equal(request_check(ROLE_PORTAL, &m, sizeof(m), s).error, E_POLICY);
	}
	for (uint32_t i = 0; i < ARRAY_LEN(not_taken); i++) {
		snprintf(m.text, sizeof(m.text), "%s", not_taken[i]);
		assert_int_equal(request_check(ROLE_DIRECTORY, &m, sizeof(m), s).error, E_NOT_FOUND);
	}
	for (uint32_t i = 0; i < ARRAY_LEN(no_name); i++) {
		snprintf(m.text, sizeof(m.text), "%s", no_name[i]);
		assert_int_equal(request_check(ROLE_DIRECTORY, &m, sizeof(m), s).error, E_SYNTAX);
	}
	memset(m.text, 'a', DOMAIN_MAX + 1);
	assert_int_equal(request_check(ROLE_DIRECTORY, &m, sizeof(m), s).error, E_SYNTAX);
	snprintf(m.text, sizeof(m.text), "%s", taken[0]);
	m.peer = PEER_NONE;
	assert_int_equal(request_check(ROLE_DIRECTORY, &m, sizeof(m), s).error, E_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_stands_in_no_row_is_refused, world_new, world_free),
		cmocka_unit_test_setup_teardown(form, world_new, world_free),
		cmocka_unit_test_setup_teardown(located, world_new, world_free),
		cmocka_unit_test_setup_teardown(dialling, world_new, world_free),
		cmocka_unit_test_setup_teardown(on_demand, world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
