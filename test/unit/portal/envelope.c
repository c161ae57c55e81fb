// SPDX-License-Identifier: Apache-2.0
// Only what the partner's own authority vouches for is opened, unchanged and in its time (R15, R16).
#include "rig.h"

#include "base/memory.h"
#include "guard/signer.h"

#include <stdlib.h>

static struct rig rig;
static struct envelope_fault fault;

static enum error open_at(const char *text, const char *anchors, uint64_t wall_ms)
{
	json_t *o;
	result r = envelope_open(bytes_of_string(text), bytes_of_string(anchors), wall_ms, &o, &fault);
	assert_int_equal(is_ok(r), o != NULL);
	json_decref(o);
	return r.error;
}

static enum error open_it(const char *text)
{
	return open_at(text, rig.authority.pem, rig.wall_ms);
}

static void every_key(void **state)
{
	static const enum pki_key keys[] = {PKI_P256, PKI_P384, PKI_RSA2048};
	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(keys); i++) {
		rig_end(&rig);
		rig_begin(&rig, keys[i]);
		char *text = rig_sealed(&rig, "inner-b");
		assert_int_equal(open_it(text), E_OK);
		free(text);
	}
}

static result by_signer(void *ctx, struct tls_sign_request *q, struct tls_sign_answer *a)
{
	struct now now = {1000 * SECOND, 0};
	signer_answer(ctx, q, sizeof(*q), &now, a);
	return a->refused == TLS_SIGN_OK ? OK : FAIL(E_AUTH);
}

// The real signer grants exactly this form.
static void through_the_signer(void **state)
{
	struct signer *s;
	char *pem = pki_key_pem(&rig.leaf), *text;
	json_t *o = rig_profile(&rig, "inner-b");
	(void)state;
	assert_true(is_ok(signer_new(&s, bytes_of_string(pem))));
	assert_true(is_ok(envelope_seal(o, rig_chain(&rig), by_signer, s, &text)));
	assert_int_equal(open_it(text), E_OK);
	free(text);
	free(pem);
	signer_free(s);
	json_decref(o);
}

static void strangers(void **state)
{
	char *text = rig_sealed(&rig, "inner-b"), *forged;
	json_t *o = rig_profile(&rig, "inner-b");
	(void)state;
	assert_int_equal(open_at(text, rig.other_authority.pem, rig.wall_ms), E_AUTH);
	assert_int_equal(open_at(text, "", rig.wall_ms), E_CONFIG);
	assert_true(is_ok(envelope_seal(o, bytes_of_string(rig.other_leaf.pem), pki_sign, &rig.other_leaf, &forged)));
	assert_int_equal(open_it(forged), E_AUTH); // the right name, another authority
	free(forged);
	assert_true(is_ok(envelope_seal(o, rig_chain(&rig), pki_sign, &rig.other_leaf, &forged)));
	assert_int_equal(open_it(forged), E_AUTH); // the right chain, another key
	assert_non_null(strstr(fault.text, "signature"));
	free(forged);
	free(text);
	json_decref(o);
}

// Of the same authority, but for another domain.
static void another_name(void **state)
{
	struct pki other = pki_issue_for(&rig.authority, "z.example");
	json_t *o = rig_profile(&rig, "inner-b");
	char *text;
	(void)state;
	assert_true(is_ok(envelope_seal(o, bytes_of_string(other.pem), pki_sign, &other, &text)));
	assert_int_equal(open_it(text), E_AUTH);
	assert_non_null(strstr(fault.text, "a.example"));
	free(text);
	json_decref(o);
	pki_free(&other);
}

// Another octet anywhere never opens as another profile.
static void tampered(void **state)
{
	char *text = rig_sealed(&rig, "inner-b");
	size_t n = strlen(text);
	(void)state;
	for (size_t i = 0; i < n; i += 7) {
		char kept = text[i];
		json_t *o;
		text[i] = kept == 'A' ? 'B' : 'A';
		assert_false(is_ok(envelope_open(bytes_make(text, n), bytes_of_string(rig.authority.pem), rig.wall_ms, &o, &fault)));
		text[i] = kept;
	}
	for (size_t i = 0; i < n; i += 41)
		assert_false(is_ok(envelope_open(bytes_make(text, i), bytes_of_string(rig.authority.pem), rig.wall_ms, &(json_t *){0}, &fault)));
	free(text);
}

static void dates(void **state)
{
	char *text = rig_sealed(&rig, "inner-b");
	(void)state;
	assert_int_equal(open_at(text, rig.authority.pem, rig.wall_ms + 20ull * 86400000), E_OK);
	assert_int_equal(open_at(text, rig.authority.pem, rig.wall_ms - 200 * 1000), E_OK);
	assert_int_equal(open_at(text, rig.authority.pem, rig.wall_ms - 1000 * 1000), E_STALE);
	assert_int_not_equal(open_at(text, rig.authority.pem, rig.wall_ms + 30ull * 86400000 + 1000), E_OK);
	free(text);
}

static void unsigned_and_noise(void **state)
{
	static const char *const noise[] = {"", "{}", "[]", "x", "{\"payload\":1,\"protected\":2,\"signature\":3}",
		"{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"\"}", "{\"payload\":\"e30\",\"payload\":\"e30\"}"};
	json_t *o = rig_profile(&rig, "inner-b");
	char *text = envelope_unsigned(o), *big = calloc(1, ENVELOPE_OCTETS_MAX + 2);
	(void)state;
	assert_int_equal(open_it(text), E_AUTH);
	assert_non_null(strstr(fault.text, "not signed"));
	for (uint32_t i = 0; i < ARRAY_LEN(noise); i++)
		assert_int_equal(open_it(noise[i]), E_SYNTAX);
	memset(big, ' ', ENVELOPE_OCTETS_MAX + 1);
	assert_int_equal(open_it(big), E_TOO_LONG);
	free(big);
	free(text);
	json_decref(o);
}

static void no_memory(void **state)
{
	json_t *o = rig_profile(&rig, "inner-b");
	char *text = rig_sealed(&rig, "inner-b"), *out;
	(void)state;
	for (uint64_t n = 1; n <= 6; n++) { // two certificates, payload, header, request, signature
		memory_fail_nth(n);
		assert_int_equal(envelope_seal(o, rig_chain(&rig), pki_sign, &rig.leaf, &out).error, E_NO_MEMORY);
	}
	for (uint64_t n = 1; n <= 5; n++) { // header, two certificates, signature, payload
		memory_fail_nth(n);
		assert_int_not_equal(open_it(text), E_OK);
	}
	memory_fail_nth(0);
	free(text);
	json_decref(o);
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
	const struct CMUnitTest tests[] = {TEST(every_key), TEST(through_the_signer), TEST(strangers), TEST(another_name),
		TEST(tampered), TEST(dates), TEST(unsigned_and_noise), TEST(no_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
