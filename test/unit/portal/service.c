// SPDX-License-Identifier: Apache-2.0
// Routes and answers against a fake directory: who may ask, what he is told, and that "none" and "not for you" are one answer.
#include "rig.h"

#include "base/log.h"
#include "portal/service.h"

#include <stdlib.h>

static struct rig rig;
static struct now now;
static struct gcra budget;
static struct luf_harvest harvest;
static const struct service_rights all = {true, true, 1000}, lookups = {true, false, 1000}, nothing = {0};
static struct ipc_lookup ask;
static struct service_reply reply;
static char journal[2048];

static void sink(const char *line, size_t len, void *ctx)
{
	(void)ctx;
	snprintf(journal, sizeof(journal), "%.*s", (int)len, line);
}

static struct service_querier querier(const char *name, const struct service_rights *rights)
{
	return (struct service_querier){rig_peer(&rig, name), rights, &budget, &harvest};
}

static enum service_next request(const char *name, const struct service_rights *rights, const char *method, const char *target)
{
	struct service_querier q = querier(name, rights);
	free(reply.body);
	reply = (struct service_reply){0};
	return service_request(rig.a.snapshot, &q, bytes_of_string(method), bytes_of_string(target), &now, &ask, &reply);
}

static void get(const char *target, uint16_t status)
{
	assert_int_equal(request("inner-b", &all, "GET", target), SERVICE_REPLY);
	assert_int_equal(reply.status, status);
}

// The fake directory: answers with OUTCOME and the peer NAME.
static void answer(const struct service_rights *rights, enum lookup_outcome outcome, const char *name)
{
	struct service_querier q = querier("inner-b", rights);
	struct ipc_lookup m = {.version = IPC_LOOKUP_VERSION, .type = IPC_LOOKUP_ANSWER, .request = ask.request};
	m.u.answer.lookup = (struct lookup_answer){.outcome = (uint8_t)outcome, .peer = rig_peer(&rig, name), .ttl_s = 60, .npdi = 1,
		.number = "+4930123", .rn = "+4930999", .domain = "inner.example", .reason = "inner reason"};
	free(reply.body);
	service_answer(rig.a.snapshot, &q, &ask, &m, &now, &reply);
}

static void becomes_a_question(void **state)
{
	(void)state;
	assert_int_equal(request("inner-b", &all, "GET", "/lookup?number=+4930123"), SERVICE_ASK);
	assert_string_equal(ask.u.query.number, "+4930123");
	assert_int_equal(ask.u.query.kind, URI_KIND_TEL);
	assert_int_equal(ask.u.query.from_peer, rig_peer(&rig, "inner-b"));
	assert_int_equal(ask.u.query.from_zone, snapshot_peer(rig.a.snapshot, rig_peer(&rig, "inner-b"))->zone);
	assert_int_equal(request("inner-c", &all, "GET", "/lookup?number=%2B4930123"), SERVICE_ASK);
	assert_string_equal(ask.u.query.number, "+4930123");
	assert_int_equal(ask.u.query.from_peer, rig_peer(&rig, "inner-c"));
	assert_int_equal(request("inner-b", &all, "GET", "/lookup?domain=X.example"), SERVICE_ASK);
	assert_string_equal(ask.u.query.domain, "x.example");
	assert_int_equal(request("inner-b", &all, "GET", "/lookup?uri=sip:%2B4930123@x.example"), SERVICE_ASK);
	assert_string_equal(ask.u.query.number, "+4930123");
	assert_string_equal(ask.u.query.domain, "x.example");
	assert_int_equal(request("inner-b", &all, "GET", "/profile"), SERVICE_PROFILE);
}

static void malformed(void **state)
{
	static const char *const bad[] = {"", "x=1", "number=", "number=030", "number=+", "number=+49a", "number=+49%00", "number=+49%",
		"number=+49%2", "number=+12345678901234567", "number=+49&number=+48", "domain=", "domain=a@b", "domain=a:5060", "domain=a%0ab",
		"domain=a;b", "uri=", "uri=http://x", "uri=sip:u:p@x", "uri=sip:u@x?Subject=a", "uri=tel:030", "number=+49'--"};
	char target[128];
	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(bad); i++) {
		now.mono_us += SECOND;
		snprintf(target, sizeof(target), "/lookup?%s", bad[i]);
		if (request("inner-b", &all, "GET", target) != SERVICE_REPLY || reply.status != 400)
			fail_msg("%s: %d", bad[i], reply.status);
	}
}

static void caps_and_methods(void **state)
{
	char long_target[SERVICE_TARGET_MAX + 2] = "/lookup?uri=sip:";
	static const char *const methods[] = {"POST", "PUT", "DELETE", "HEAD", "get", ""};
	(void)state;
	memset(long_target + 16, 'a', sizeof(long_target) - 17);
	get(long_target, 414);
	for (uint32_t i = 0; i < ARRAY_LEN(methods); i++) {
		assert_int_equal(request("inner-b", &all, methods[i], "/profile"), SERVICE_REPLY);
		assert_int_equal(reply.status, 405);
	}
	assert_int_equal(request("nobody", &all, "GET", "/profile"), SERVICE_REPLY);
	assert_int_equal(reply.status, 403);
}

// LUF-C1: octet by octet, whatever the reason.
static void none_is_not_for_you(void **state)
{
	(void)state;
	assert_int_equal(request("inner-b", &all, "GET", "/lookup?number=+4930123"), SERVICE_ASK);
	answer(&all, LOOKUP_NONE, "inner-c"); // not for you: the directory knows the peer
	char *none = strdup(reply.body);
	assert_int_equal(reply.status, 404);
	answer(&all, LOOKUP_NONE, "nobody");
	assert_string_equal(reply.body, none);
	assert_int_equal(reply.status, 404);
	assert_int_equal(request("inner-b", &nothing, "GET", "/lookup?number=+4930123"), SERVICE_REPLY);
	assert_string_equal(reply.body, none);
	assert_int_equal(reply.status, 404);
	assert_int_equal(request("inner-b", &lookups, "GET", "/profile"), SERVICE_REPLY);
	assert_string_equal(reply.body, none);
	get("/absent", 404);
	assert_string_equal(reply.body, none);
	assert_int_equal(reply.retry_after_s, 0);
	free(none);
}

// LRF-C1: what the directory knows of the inside is not what the querier is told.
static void told_no_more_than_needed(void **state)
{
	static const char *const never[] = {"inner", "10.77", "198.51.100"};
	(void)state;
	assert_int_equal(request("inner-b", &all, "GET", "/lookup?number=+4930123"), SERVICE_ASK);
	answer(&lookups, LOOKUP_FOUND, "inner-pbx");
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body,
		"{\"domain\":\"a.example\",\"npdi\":true,\"number\":\"+4930123\",\"routing_number\":\"+4930999\",\"ttl\":60}");
	answer(&all, LOOKUP_FOUND, "inner-pbx");
	assert_non_null(strstr(reply.body, "\"hops\":[{\"address\":\"192.0.2.10\",\"port\":5061"));
	for (uint32_t i = 0; i < ARRAY_LEN(never); i++)
		assert_null(strstr(reply.body, never[i]));
	answer(&all, LOOKUP_FOUND, "inner-c"); // another provider: his domain, none of his addresses
	assert_non_null(strstr(reply.body, "\"domain\":\"c.example\""));
	assert_null(strstr(reply.body, "hops"));
}

static void late_and_bogus(void **state)
{
	struct service_querier q = querier("inner-b", &all);
	(void)state;
	assert_int_equal(request("inner-b", &all, "GET", "/lookup?number=+4930123"), SERVICE_ASK);
	answer(&all, LOOKUP_BOGUS, "inner-pbx");
	assert_int_equal(reply.status, 503);
	answer(&all, LOOKUP_LATER, "inner-pbx");
	assert_int_equal(reply.status, 503);
	assert_int_equal(reply.retry_after_s, SERVICE_RETRY_S);
	answer(&all, (enum lookup_outcome)77, "inner-pbx");
	assert_int_equal(reply.status, 503);
	free(reply.body);
	service_answer(rig.a.snapshot, &q, &ask, NULL, &now, &reply); // no answer in time
	assert_int_equal(reply.status, 503);
	ask.request++; // the answer of another question
	answer(&all, LOOKUP_FOUND, "inner-pbx");
	assert_int_equal(reply.status, 200);
	struct ipc_lookup other = {.version = IPC_LOOKUP_VERSION, .type = IPC_LOOKUP_ANSWER, .request = ask.request + 1};
	free(reply.body);
	service_answer(rig.a.snapshot, &q, &ask, &other, &now, &reply);
	assert_int_equal(reply.status, 503);
}

// LUF-C1, LUF-A1: with a budget the harvest ends; with the gate off (a rate that is none) it goes on.
static void budget_ends_a_harvest(void **state)
{
	static const struct service_rights slow = {true, false, 1}, off = {true, false, 1000000};
	uint32_t asked = 0, refused = 0;
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) { // one each millisecond
		now.mono_us += MS;
		if (request("inner-b", &slow, "GET", "/lookup?number=+4930123") == SERVICE_ASK)
			asked++;
		else {
			assert_int_equal(reply.status, 429);
			assert_int_equal(reply.retry_after_s, SERVICE_RETRY_S);
			refused++;
		}
	}
	assert_in_range(asked, SERVICE_LOOKUP_BURST, SERVICE_LOOKUP_BURST + 2);
	assert_int_equal(asked + refused, 1000);
	budget = (struct gcra){0};
	for (asked = 0; asked < 1000; asked++) {
		now.mono_us += MS;
		assert_int_equal(request("inner-b", &off, "GET", "/lookup?number=+4930123"), SERVICE_ASK);
	}
}

// Who, what kind, with which outcome; of the number its beginning alone.
static void each_has_its_line(void **state)
{
	(void)state;
	assert_int_equal(request("inner-b", &all, "GET", "/lookup?number=+49301234567"), SERVICE_ASK);
	for (uint32_t i = 0; i < 100; i++) {
		journal[0] = '\0';
		answer(&all, LOOKUP_NONE, "nobody");
		assert_non_null(strstr(journal, "portal.lookup"));
	}
	assert_non_null(strstr(journal, "inner-b"));
	assert_non_null(strstr(journal, "none"));
	assert_non_null(strstr(journal, "+49301"));
	assert_null(strstr(journal, "+493012"));
}

static int begin(void **state)
{
	(void)state;
	rig_begin(&rig, PKI_P256);
	now = (struct now){1000 * SECOND, rig.wall_ms};
	budget = (struct gcra){0};
	log_set_sink(sink, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(reply.body);
	reply.body = NULL;
	rig_end(&rig);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(becomes_a_question), TEST(malformed), TEST(caps_and_methods), TEST(none_is_not_for_you),
		TEST(told_no_more_than_needed), TEST(late_and_bogus), TEST(budget_ends_a_harvest), TEST(each_has_its_line)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
