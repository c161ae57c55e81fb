// SPDX-License-Identifier: Apache-2.0
// Addresses: text both ways, what must not parse, prefixes at their edges, classes, the kernel's form.
#include "base/address.h"
#include "unit.h"

#include <netinet/in.h>
#include <sys/un.h>

static struct address host(const char *text)
{
	struct address a;
	assert_ok(address_parse_host(bytes_of_string(text), 0, &a));
	return a;
}

static void text_both_ways(void **state)
{
	UNUSED(state);
	static const char *const SAME[] = {"192.0.2.1:5060", "0.0.0.0:0", "255.255.255.255:65535",
		"[2001:db8::1]:5061", "[::]:1", "[::ffff:192.0.2.1]:9"};
	for (size_t i = 0; i < ARRAY_LEN(SAME); i++) {
		struct address a;
		char out[ADDRESS_TEXT_MAX];
		assert_ok(address_parse(bytes_of_string(SAME[i]), &a));
		assert_string_equal(address_text(&a, out), SAME[i]);
	}
	struct address widest;
	char out[ADDRESS_TEXT_MAX];
	assert_ok(address_parse(BYTES("[1111:2222:3333:4444:5555:6666:7777:8888]:65535"), &widest));
	assert_int_equal(strlen(address_text(&widest, out)), 47);
	assert_int_equal(address_host_text(&widest, out), 41);
	assert_string_equal(address_text(&(struct address){0}, out), "none:0");
}

static void hosts(void **state)
{
	UNUSED(state);
	struct address a, b;
	assert_ok(address_parse_host(BYTES("2001:db8::1"), 7, &a));
	assert_ok(address_parse_host(BYTES("[2001:DB8:0::1]"), 7, &b));
	assert_true(address_equal(&a, &b));
	b.port = 8;
	assert_false(address_equal(&a, &b));
	assert_true(address_same_host(&a, &b));
	a = host("32.1.13.184"); // the same first octets, another family
	b = host("2001:db8::");
	assert_false(address_same_host(&a, &b));
}

static void what_must_not_parse(void **state)
{
	UNUSED(state);
	static const char *const BAD_HOST[] = {"", "example.com", "1.2.3", "1.2.3.4.5", "256.1.1.1",
		"01.2.3.4", "0x7f.1", "1.2.3.4 ", " 1.2.3.4", "[1.2.3.4]", "[]", "[::1", "::1]",
		"fe80::1%eth0", ":::", "1.2.3.4:5060", "2130706433",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999", "[::1]x",
		"1111:2222:3333:4444:5555:6666:255.255.255.255:8888"};
	static const char *const BAD[] = {"", ":", ":5060", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536",
		"1.2.3.4:05060", "1.2.3.4:+1", "1.2.3.4:-1", "1.2.3.4: 1", "1.2.3.4:123456", "::1:5060",
		"2001:db8::1:5060", "[::1]", "[::1]:", "[::1]5060", "a:5060", "1.2.3.4:4294967297"};
	struct address a;
	for (size_t i = 0; i < ARRAY_LEN(BAD_HOST); i++) {
		assert_error(address_parse_host(bytes_of_string(BAD_HOST[i]), 0, &a), E_SYNTAX);
		assert_int_equal(a.family, 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		assert_error(address_parse(bytes_of_string(BAD[i]), &a), E_SYNTAX);
	assert_error(address_parse_host(BYTES("1.2.3.4\0.evil"), 0, &a), E_SYNTAX);
	assert_error(address_parse_host(bytes_make(NULL, 0), 0, &a), E_SYNTAX);
}

static void prefixes(void **state)
{
	UNUSED(state);
	static const char *const BAD[] = {"", "/", "192.0.2.0/", "192.0.2.0/33", "192.0.2.1/24",
		"192.0.2.0/024", "192.0.2.0/-1", "2001:db8::/129", "2001:db8::1/64", "192.0.2.0/24/24",
		"192.0.2.0/1000", "/24"};
	static const struct {
		const char *prefix, *address;
		bool in;
	} ROWS[] = {
		{"192.0.2.16/28", "192.0.2.15", false},
		{"192.0.2.16/28", "192.0.2.16", true},
		{"192.0.2.16/28", "192.0.2.31", true},
		{"192.0.2.16/28", "192.0.2.32", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "192.0.2.1", false},
		{"::/0", "2001:db8::1", true},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1/32", "192.0.2.0", false},
		{"2001:db8::/33", "2001:db8:7fff::", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"2001:db8::1", "2001:db8::2", false},
	};
	struct prefix p;
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
		assert_error(prefix_parse(bytes_of_string(BAD[i]), &p), E_SYNTAX);
	assert_int_equal(p.family, 0);
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		struct address a = host(ROWS[i].address);
		assert_ok(prefix_parse(bytes_of_string(ROWS[i].prefix), &p));
		assert_int_equal(prefix_contains(&p, &a), ROWS[i].in);
	}
	struct address none = {0}, some = host("192.0.2.1");
	struct prefix two[2] = {{0}, {.family = 4, .bits = 24, .ip = {192, 0, 2}}};
	assert_false(prefix_contains(&two[0], &none)); // an empty prefix holds nothing, not even nothing
	assert_false(prefixes_contain(two, 1, &some));
	assert_true(prefixes_contain(two, 2, &some));
}

static void classes(void **state)
{
	UNUSED(state);
	static const struct {
		const char *text;
		enum address_class class;
	} ROWS[] = {
		{"0.0.0.0", ADDRESS_UNSPECIFIED},
		{"0.0.0.1", ADDRESS_RESERVED},
		{"9.255.255.255", ADDRESS_GLOBAL},
		{"10.0.0.0", ADDRESS_PRIVATE},
		{"10.255.255.255", ADDRESS_PRIVATE},
		{"11.0.0.0", ADDRESS_GLOBAL},
		{"100.63.255.255", ADDRESS_GLOBAL},
		{"100.64.0.0", ADDRESS_PRIVATE},
		{"100.128.0.0", ADDRESS_GLOBAL},
		{"127.0.0.1", ADDRESS_LOOPBACK},
		{"127.255.255.255", ADDRESS_LOOPBACK},
		{"169.254.169.254", ADDRESS_LINK_LOCAL},
		{"172.15.255.255", ADDRESS_GLOBAL},
		{"172.16.0.0", ADDRESS_PRIVATE},
		{"172.31.255.255", ADDRESS_PRIVATE},
		{"172.32.0.0", ADDRESS_GLOBAL},
		{"192.168.1.1", ADDRESS_PRIVATE},
		{"198.51.100.1", ADDRESS_GLOBAL},
		{"223.255.255.255", ADDRESS_GLOBAL},
		{"224.0.0.1", ADDRESS_MULTICAST},
		{"239.255.255.255", ADDRESS_MULTICAST},
		{"240.0.0.1", ADDRESS_RESERVED},
		{"255.255.255.255", ADDRESS_RESERVED},
		{"::", ADDRESS_UNSPECIFIED},
		{"::1", ADDRESS_LOOPBACK},
		{"::2", ADDRESS_RESERVED},
		{"::ffff:127.0.0.1", ADDRESS_RESERVED},
		{"::127.0.0.1", ADDRESS_RESERVED},
		{"64:ff9b::7f00:1", ADDRESS_RESERVED},
		{"2002:7f00:1::", ADDRESS_RESERVED},
		{"fe80::1", ADDRESS_LINK_LOCAL},
		{"febf::1", ADDRESS_LINK_LOCAL},
		{"fec0::1", ADDRESS_RESERVED},
		{"fc00::1", ADDRESS_PRIVATE},
		{"fdff::1", ADDRESS_PRIVATE},
		{"ff02::1", ADDRESS_MULTICAST},
		{"2001:db8::1", ADDRESS_GLOBAL},
		{"2600::1", ADDRESS_GLOBAL},
	};
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		struct address a = host(ROWS[i].text);
		if (address_classify(&a) != ROWS[i].class)
			fail_msg("%s: class %d, not %d", ROWS[i].text, (int)address_classify(&a),
				(int)ROWS[i].class);
	}
	assert_int_equal(address_classify(&(struct address){0}), ADDRESS_UNSPECIFIED);
}

static void kernel_form(void **state)
{
	UNUSED(state);
	static const char *const ROWS[] = {"192.0.2.1:5060", "[2001:db8::1]:5061"};
	struct sockaddr_storage ss;
	struct address a, b;
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		assert_ok(address_parse(bytes_of_string(ROWS[i]), &a));
		socklen_t len = address_to_sockaddr(&a, &ss);
		assert_int_equal(len, i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		assert_ok(address_from_sockaddr((struct sockaddr *)&ss, len, &b));
		assert_true(address_equal(&a, &b));
		assert_error(address_from_sockaddr((struct sockaddr *)&ss, len - 1, &b), E_UNSUPPORTED);
		assert_int_equal(b.family, 0);
	}
	assert_int_equal(address_to_sockaddr(&(struct address){0}, &ss), 0);
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	assert_error(address_from_sockaddr((struct sockaddr *)&un, sizeof(un), &b), E_UNSUPPORTED);
}

// Random text of the right letters, in a heap block of exactly its length so that the sanitizer sees one octet too
// many: whatever parses, prints and parses again to the same value.
static void random_text(void **state)
{
	UNUSED(state);
	static const char LETTERS[] = "0123456789abcdefF::..[]/% ";
	uint64_t seed = 99;
	uint32_t parsed = 0;
	for (int i = 0; i < 300000; i++) {
		size_t len = unit_random(&seed) % 14;
		uint8_t *text = test_malloc(len + 1);
		struct address a, b;
		struct prefix p;
		char out[ADDRESS_TEXT_MAX];
		for (size_t k = 0; k < len; k++)
			text[k + 1] = (uint8_t)LETTERS[unit_random(&seed) % (sizeof(LETTERS) - 1)];
		struct bytes t = bytes_make(text + 1, len);
		if (is_ok(address_parse(t, &a)) || is_ok(address_parse_host(t, 5060, &a))) {
			assert_ok(address_parse(bytes_of_string(address_text(&a, out)), &b));
			assert_true(address_equal(&a, &b));
			parsed++;
		}
		if (is_ok(prefix_parse(t, &p))) {
			struct address first = {.family = p.family};
			memcpy(first.ip, p.ip, sizeof(first.ip));
			assert_true(prefix_contains(&p, &first));
		}
		test_free(text);
	}
	assert_true(parsed > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_both_ways),
		cmocka_unit_test(hosts),
		cmocka_unit_test(what_must_not_parse),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(classes),
		cmocka_unit_test(kernel_form),
		cmocka_unit_test(random_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
