// SPDX-License-Identifier: Apache-2.0
// Certificates: only whole ones get into the snapshot, and never a private key (BE-2).
#include "support.h"

#define DAY_MS 86400000ull

static const char *with_certificate(const char *path)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		"domain: ssp-a.example\ntls: {certificate: %s, key: sbe.key}\n"
		"listen: [{name: a, zone: core, sip: [\"tls:127.0.0.1:5061\"]}]\n",
		path);
	return text;
}

static void kept_h(void **state)
{
	struct conf_result r = test_load(with_certificate("noise.pem"));
	struct bytes pem = snapshot_blob(r.snapshot, r.snapshot->settings.certificate);

	(void)state;
	assert_int_equal(r.message_count, 0);
	assert_true(bytes_equal(pem, bytes_of_string(test_certificate()))); // the noise is gone
	assert_string_equal(r.private.certificate_path, "noise.pem");
	conf_result_free(&r);
}

static void refused_h(void **state)
{
	(void)state;
	test_one_error(test_load(with_certificate("missing.pem")), 2, 20, "cannot be read (not found");
	test_one_error(test_load(with_certificate("empty.pem")), 2, 20, "no certificate in the file");
	test_one_error(test_load(with_certificate("garbage.pem")), 2, 20,
		"certificate 1 in the file cannot be read");
	test_one_error(test_load(with_certificate("with-key.pem")), 2, 20, "holds a private key");
	test_one_error(
		test_load("domain: x.example\nlisten: [{name: a, zone: core, sip: [\"udp:127.0.0.1:1\"]}]\n"
			  "tls: {certificate: a.pem}\n"),
		3, 6, "key is missing");
}

static void chain_bound_h(void **state)
{
	struct conf_result r = test_load(with_certificate("chain.pem"));

	(void)state;
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.snapshot->settings.certificate.len, 16 * strlen(test_certificate()));
	conf_result_free(&r);
	test_one_error(test_load(with_certificate("long-chain.pem")), 2, 20, "more than 16 certificates");
}

static void no_reader_h(void **state)
{
	struct conf_result r;

	(void)state;
	assert_int_equal(
		conf_load("f", bytes_of_string(with_certificate("a.pem")), NULL, TEST_WALL_MS, NULL, &r)
			.error,
		E_CONFIG);
	test_one_error(r, 2, 20, "cannot be read");
}

static void dates_h(void **state)
{
	struct conf_result r = test_load_at(with_certificate("a.pem"), TEST_WALL_MS + 365 * DAY_MS, NULL);

	(void)state;
	assert_non_null(test_message(&r, "certificate 1 has expired"));
	assert_int_equal(r.warnings, 1);
	conf_result_free(&r);
	r = test_load_at(with_certificate("a.pem"), TEST_WALL_MS - 2 * DAY_MS, NULL);
	assert_non_null(test_message(&r, "certificate 1 is not valid yet"));
	conf_result_free(&r);
}

static void own_name_h(void **state)
{
	char text[2048];
	struct conf_result r;

	(void)state;
	snprintf(text, sizeof(text), "%s", with_certificate("a.pem"));
	memcpy(text + 8, "ssp-q", 5);
	r = test_load(text);
	assert_non_null(test_message(&r, "does not bear ssp-q.example"));
	assert_int_equal(r.errors, 0);
	conf_result_free(&r);
}

static void trust_h(void **state)
{
	(void)state;
	test_one_error(test_load(test_base("peers: [{name: t, zone: peering, reach: {domain: t.example}, "
					   "known_by: {trust: with-key.pem, addresses: [192.0.2.0/28]}}]\n")),
		6, 80, "trust: the file holds a private key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_h),
		cmocka_unit_test(refused_h),
		cmocka_unit_test(chain_bound_h),
		cmocka_unit_test(no_reader_h),
		cmocka_unit_test(dates_h),
		cmocka_unit_test(own_name_h),
		cmocka_unit_test(trust_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
