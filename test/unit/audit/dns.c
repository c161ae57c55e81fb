// SPDX-License-Identifier: Apache-2.0
// The audit's DNS server: what it answers by script, that it counts, cuts and lies, and what it cannot do.
#include "audit/dns.h"
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"

#include <poll.h>
#include <unistd.h>

struct rig {
	struct audit_settings s;
	struct audit a;
	struct audit_dns_reply reply;
};

static int set_up(void **state)
{
	struct rig *g = memory_alloc(sizeof(*g));

	*g = (struct rig){.s = {.apex = "e164.audit.example", .signed_apex = "e164.signed.example", .prefix = "+4977",
				  .resolved_domain = "resolved.example", .secured_domain = "secured.example"}};
	g->s.dns = unit_address("127.50.2.53:5399");
	g->a = (struct audit){.s = &g->s};
	g->a.end[AUDIT_STRANGER].local = unit_address("127.50.2.66:5060");
	g->a.end[AUDIT_RESOLVED].local = unit_address("127.50.2.30:5060");
	g->a.end[AUDIT_SECURED].local = unit_address("127.50.2.40:5061");
	g->reply.lines = memory_alloc(AUDIT_ZONE_MAX);
	*state = g;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *g = *state;

	memory_free(g->reply.lines);
	memory_free(g);
	return 0;
}

enum { A = 1, SRV = 33, NAPTR = 35, NXDOMAIN = 3, SERVFAIL = 2 };

static const char *answer(struct rig *g, enum audit_dns_mode mode, const char *name, unsigned type)
{
	const struct audit_dns_script s = {.mode = mode};
	audit_dns_answer(&g->a, &s, name, type, &g->reply);
	return g->reply.lines;
}

static void truth(void **state)
{
	struct rig *g = *state;
	char name[AUDIT_NAME_MAX];

	audit_dns_name("+4977", g->s.apex, name);
	assert_string_equal(name, "7.7.9.4.e164.audit.example");
	assert_non_null(strstr(answer(g, AUDIT_DNS_GOOD, name, NAPTR), "@resolved.example!"));
	assert_non_null(strstr(answer(g, AUDIT_DNS_GOOD, "resolved.example", NAPTR), "SIP+D2U"));
	assert_non_null(strstr(answer(g, AUDIT_DNS_GOOD, "_sips._tcp.secured.example", SRV), "5061 sbe.secured.example"));
	assert_non_null(strstr(answer(g, AUDIT_DNS_GOOD, "sbe.resolved.example", A), "127.50.2.30"));
	assert_string_equal(answer(g, AUDIT_DNS_GOOD, "_sip._udp.secured.example", SRV), "");
	assert_int_equal(g->reply.rcode, 0);
	(void)answer(g, AUDIT_DNS_GOOD, "1.e164.arpa", NAPTR);
	assert_int_equal(g->reply.rcode, NXDOMAIN);
	audit_dns_name("none", g->s.apex, name);
	assert_string_equal(name, "");
}

static void lies(void **state)
{
	static const char number[] = "7.7.9.4.e164.audit.example", closed[] = "7.7.9.4.e164.signed.example";
	struct rig *g = *state;
	uint32_t lines = 0;

	(void)answer(g, AUDIT_DNS_UNSIGNED, number, NAPTR);
	assert_int_equal(g->reply.rcode, NXDOMAIN);
	assert_null(strstr(answer(g, AUDIT_DNS_UNSIGNED, closed, NAPTR), "RRSIG"));
	assert_non_null(strstr(answer(g, AUDIT_DNS_FALSELY_SIGNED, closed, NAPTR), "RRSIG"));
	assert_non_null(strstr(answer(g, AUDIT_DNS_OUTSIDE, number, NAPTR), " 7.7.9.4.e164.arpa."));
	for (const char *c = answer(g, AUDIT_DNS_HUGE, number, NAPTR); *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, AUDIT_SET_MAX);
	assert_non_null(strstr(answer(g, AUDIT_DNS_RECORD_LOOP, number, NAPTR), " x1.7.7.9.4.e164"));
	assert_non_null(strstr(answer(g, AUDIT_DNS_ALIAS_LOOP, "x41.7.7.e164.audit.example", NAPTR), "CNAME x42.7.7.e164"));
	assert_non_null(strstr(answer(g, AUDIT_DNS_ELSEWHERE, "sbe.secured.example", A), "127.50.2.66"));
	assert_null(strstr(answer(g, AUDIT_DNS_LOWER, "secured.example", NAPTR), "SIPS"));
	(void)answer(g, AUDIT_DNS_FAILING, number, NAPTR);
	assert_int_equal(g->reply.rcode, SERVFAIL);
	(void)answer(g, AUDIT_DNS_HOSTS_SILENT, number, NAPTR);
	assert_false(g->reply.silent);
	(void)answer(g, AUDIT_DNS_HOSTS_SILENT, "sbe.resolved.example", A);
	assert_true(g->reply.silent);
	(void)answer(g, AUDIT_DNS_SILENT, number, NAPTR);
	assert_true(g->reply.silent);
}

// 9.e164.audit.example NAPTR, number 7.
static const uint8_t question[] = {0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, '9', 4, 'e', '1', '6', '4', 5, 'A', 'u', 'd', 'i', 't', 7, 'e', 'x',
	'a', 'm', 'p', 'l', 'e', 0, 0, 35, 0, 1};

// What comes back within a second, without an answer 0.
static ssize_t ask(const struct rig *g, int kind, const void *octets, size_t n, uint8_t out[65535])
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(&g->s.dns, &sa);
	struct pollfd p = {.fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0), .events = POLLIN};

	assert_int_equal(connect(p.fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(send(p.fd, octets, n, MSG_NOSIGNAL), n);
	ssize_t got = poll(&p, 1, 1000) == 1 ? recv(p.fd, out, 65535, kind == SOCK_STREAM ? MSG_WAITALL : 0) : 0;
	(void)close(p.fd);
	return got;
}

static void over_the_network(void **state)
{
	struct rig *g = *state;
	const struct audit_dns_script good = {.mode = AUDIT_DNS_GOOD}, huge = {.mode = AUDIT_DNS_HUGE};
	static uint8_t out[65535];
	uint8_t framed[sizeof(question) + 2] = {0, sizeof(question)};
	char name[AUDIT_NAME_MAX];

	assert_ok(audit_dns_open(&g->a.dns, &g->a));
	uint32_t mark = audit_dns_play(g->a.dns, &good);
	assert_true(ask(g, SOCK_DGRAM, question, sizeof(question), out) > (ssize_t)sizeof(question));
	assert_int_equal(out[1], 7); // its number
	assert_int_equal(out[7], 1); // one answer
	assert_int_equal(audit_dns_asked(g->a.dns, mark, "9.e164.audit.example", false), 1);
	assert_int_equal(audit_dns_asked(g->a.dns, mark, "audit.example", true), 1);
	assert_true(audit_dns_find(g->a.dns, mark, "9.", name));
	assert_false(audit_dns_find(g->a.dns, mark, "8.", name));
	mark = audit_dns_play(g->a.dns, &huge);
	assert_int_equal(audit_dns_asked_all(g->a.dns, mark), 0);
	assert_int_equal(ask(g, SOCK_DGRAM, question, sizeof(question), out), sizeof(question));
	assert_int_equal(out[2] & 2, 2); // cut
	memcpy(framed + 2, question, sizeof(question));
	assert_true(ask(g, SOCK_STREAM, framed, sizeof(framed), out) > 10000);
	assert_int_equal(ask(g, SOCK_DGRAM, "garbage", 7, out), 0);
	assert_int_equal(audit_dns_asked_all(g->a.dns, mark), 2);
	audit_dns_close(g->a.dns);
}

// Every line of every script is a record, as far as it is to be one answer of UDP.
static void lines_are_records(void **state)
{
	static const enum audit_dns_mode modes[] = {AUDIT_DNS_GOOD, AUDIT_DNS_FORGED, AUDIT_DNS_POISON, AUDIT_DNS_FALSELY_SIGNED, AUDIT_DNS_OUTSIDE,
		AUDIT_DNS_RECORD_LOOP, AUDIT_DNS_ALIAS_LOOP, AUDIT_DNS_PATTERN};
	static uint8_t out[65535];
	struct rig *g = *state;

	for (uint32_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct audit_dns_script s = {.mode = modes[i], .other = "8.e164.audit.example"};
		bool closed = modes[i] == AUDIT_DNS_FALSELY_SIGNED;
		if (closed) // the question is for the open tree
			(void)snprintf(g->s.signed_apex, sizeof(g->s.signed_apex), "9.e164.audit.example");
		(void)snprintf(g->s.apex, sizeof(g->s.apex), closed ? "other.example" : "e164.audit.example");
		uint32_t lines = 0;
		assert_ok(audit_dns_open(&g->a.dns, &g->a)); // its thread reads the settings: they stay as they are while it runs
		audit_dns_answer(&g->a, &s, "9.e164.audit.example", NAPTR, &g->reply);
		for (const char *c = g->reply.lines; *c != '\0'; c++)
			lines += *c == '\n';
		(void)audit_dns_play(g->a.dns, &s);
		assert_true(lines > 0 && ask(g, SOCK_DGRAM, question, sizeof(question), out) > 0);
		assert_int_equal(out[7], modes[i] == AUDIT_DNS_FORGED ? 1 : lines); // a lie comes first there
		audit_dns_close(g->a.dns);
	}
}

static void cannot_begin(void **state)
{
	struct rig *g = *state;
	struct audit_dns *d = NULL, *other = NULL;

	assert_ok(audit_dns_open(&d, &g->a));
	assert_error(audit_dns_open(&other, &g->a), E_SYSTEM); // the port is taken
	audit_dns_close(other);
	audit_dns_close(d);
	for (uint64_t n = 1; n <= 3; n++) {
		memory_fail_nth(n);
		assert_error(audit_dns_open(&other, &g->a), E_NO_MEMORY);
		memory_fail_nth(0);
		audit_dns_close(other);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(truth), TEST(lies), TEST(over_the_network), TEST(lines_are_records), TEST(cannot_begin)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
