// SPDX-License-Identifier: Apache-2.0
// Answers are believed when they are signed with our key, for our question, at our time: each of these alone is an attack.
#include "unit.h"

#include "base/span.h"
#include "publish/tsig.h"

#include <stdlib.h>
#include <time.h>

#define SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define OTHER "HxECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static struct tsig_key key_of(const char *name, const char *secret)
{
	struct tsig_key key = {.name = name};
	assert_ok(tsig_secret_read(bytes_of_string(secret), &key));
	return key;
}

static void secrets(void **state)
{
	struct tsig_key key = {.name = "k"};
	char longest[200];
	(void)state;
	assert_ok(tsig_secret_read(bytes_of_string(SECRET "\n"), &key));
	assert_string_equal(key.secret, SECRET);
	assert_error(tsig_secret_read(bytes_of_string(""), &key), E_MISSING);
	assert_error(tsig_secret_read(bytes_of_string("AAECAwQFBgcICQoLDA0ODw=="), &key), E_MISSING); // 16 octets
	assert_error(tsig_secret_read(bytes_of_string("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), &key), E_SYNTAX);
	assert_error(tsig_secret_read(bytes_of_string("AAECAwQF gcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), &key), E_SYNTAX);
	assert_error(tsig_secret_read(bytes_of_string("AAECAwQF\"gcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), &key), E_SYNTAX);
	assert_error(tsig_secret_read(bytes_of_string("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd===="), &key), E_SYNTAX);
	memset(longest, 'A', sizeof(longest));
	assert_error(tsig_secret_read(bytes_make(longest, 172), &key), E_TOO_LONG); // 129 octets
	assert_error(tsig_secret_read(bytes_make(longest, sizeof(longest)), &key), E_TOO_LONG);
}

static ldns_pkt *question(const struct tsig_key *key)
{
	ldns_pkt *p = ldns_pkt_query_new(ldns_dname_new_frm_str("e164.example"), LDNS_RR_TYPE_SOA, LDNS_RR_CLASS_IN, 0);
	assert_non_null(p);
	ldns_pkt_set_id(p, 77);
	assert_ok(tsig_sign(p, key));
	return p;
}

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

struct answer {
	uint8_t *wire;
	size_t len;
};

// An answer to the message with this code, as a server with KEY signs it; SIGNATURE false: it does not. LATER: not the first.
static struct answer answer_made(const struct tsig_key *key, const ldns_rdf *mac, bool signature, bool later)
{
	struct answer a = {0};
	ldns_rr *rr = NULL;
	ldns_pkt *p = ldns_pkt_new();
	ldns_pkt_set_qr(p, true);
	ldns_pkt_set_id(p, 77);
	assert_int_equal(ldns_rr_new_frm_str(&rr, "e164.example. 60 IN TXT \"good\"", 0, NULL, NULL), LDNS_STATUS_OK);
	ldns_pkt_push_rr(p, LDNS_SECTION_ANSWER, rr);
	if (signature)
		assert_int_equal(ldns_pkt_tsig_sign_next(p, key->name, key->secret, 300, "hmac-sha256.", mac, later), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt2wire(&a.wire, p, &a.len), LDNS_STATUS_OK);
	ldns_pkt_free(p);
	return a;
}

static enum publish_trouble check(struct tsig_chain *c, const struct answer *a, const struct tsig_key *key, uint64_t at)
{
	ldns_pkt *p = NULL;
	assert_int_equal(ldns_wire2pkt(&p, a->wire, a->len), LDNS_STATUS_OK);
	enum publish_trouble t = tsig_chain_check(c, p, bytes_make(a->wire, a->len), key, at);
	ldns_pkt_free(p);
	return t;
}

struct scene {
	struct tsig_key ours;
	ldns_pkt *question;
	struct tsig_chain chain;
};

static struct scene scene_new(void)
{
	struct scene s = {.ours = key_of("publish.example", SECRET)};
	s.question = question(&s.ours);
	assert_ok(tsig_chain_begin(&s.chain, s.question));
	return s;
}

static void scene_free(struct scene *s)
{
	tsig_chain_end(&s->chain);
	ldns_pkt_free(s->question);
}

// One answer by KEY to the question of the scene, its octet at FLIP changed when not negative.
static enum publish_trouble one(const struct tsig_key *key, bool signature, int64_t after_s)
{
	struct scene s = scene_new();
	struct answer a = answer_made(key != NULL ? key : &s.ours, s.chain.mac, signature, false);
	enum publish_trouble t = check(&s.chain, &a, &s.ours, (uint64_t)((int64_t)now_s() + after_s));
	LDNS_FREE(a.wire);
	scene_free(&s);
	return t;
}

static void believed(void **state)
{
	struct tsig_key wrong_secret = key_of("publish.example", OTHER), wrong_name = key_of("other.example", SECRET);
	(void)state;
	assert_int_equal(one(NULL, true, 0), PUBLISH_FINE);
	assert_int_equal(one(NULL, true, 290), PUBLISH_FINE);
	assert_int_equal(one(NULL, false, 0), PUBLISH_UNVERIFIED);
	assert_int_equal(one(&wrong_secret, true, 0), PUBLISH_UNVERIFIED);
	assert_int_equal(one(&wrong_name, true, 0), PUBLISH_UNVERIFIED);
	assert_int_equal(one(NULL, true, 310), PUBLISH_BAD_TIME);
	assert_int_equal(one(NULL, true, -310), PUBLISH_BAD_TIME);
}

// An answer of another day, or to another question: signed well, and not for this.
static void replayed(void **state)
{
	struct scene first = scene_new(), second = scene_new();
	struct answer a;
	(void)state;
	ldns_rdf_data(second.chain.mac)[5] ^= 1; // another question has another code
	a = answer_made(&first.ours, second.chain.mac, true, false);
	assert_int_equal(check(&first.chain, &a, &first.ours, now_s()), PUBLISH_UNVERIFIED);
	LDNS_FREE(a.wire);
	scene_free(&first);
	scene_free(&second);
}

// No octet of a signed answer may change; the message id alone is not covered (RFC8945#5.3.1) and is compared by the session.
static void every_octet(void **state)
{
	struct scene s = scene_new();
	struct answer a = answer_made(&s.ours, s.chain.mac, true, false);
	(void)state;
	for (size_t i = 2; i < a.len; i++) {
		a.wire[i] ^= 1;
		ldns_pkt *p = NULL;
		struct tsig_chain c = {0};
		assert_ok(tsig_chain_begin(&c, s.question));
		if (ldns_wire2pkt(&p, a.wire, a.len) == LDNS_STATUS_OK) {
			enum publish_trouble t = tsig_chain_check(&c, p, bytes_make(a.wire, a.len), &s.ours, now_s());
			if (t == PUBLISH_FINE)
				fail_msg("octet %zu", i);
			ldns_pkt_free(p);
		}
		tsig_chain_end(&c);
		a.wire[i] ^= 1;
	}
	LDNS_FREE(a.wire);
	scene_free(&s);
}

// A transfer: each message is chained to the one before, so that none can be left out or told twice (RFC8945#5.3.1).
static void chained(void **state)
{
	struct scene s = scene_new();
	struct answer first = answer_made(&s.ours, s.chain.mac, true, false);
	(void)state;
	assert_int_equal(check(&s.chain, &first, &s.ours, now_s()), PUBLISH_FINE);
	struct answer second = answer_made(&s.ours, s.chain.mac, true, true);
	assert_int_equal(check(&s.chain, &first, &s.ours, now_s()), PUBLISH_UNVERIFIED);
	assert_int_equal(check(&s.chain, &second, &s.ours, now_s()), PUBLISH_FINE);
	struct answer third = answer_made(&s.ours, s.chain.mac, true, true);
	assert_int_equal(check(&s.chain, &second, &s.ours, now_s()), PUBLISH_UNVERIFIED);
	assert_int_equal(check(&s.chain, &third, &s.ours, now_s()), PUBLISH_FINE);
	LDNS_FREE(first.wire);
	LDNS_FREE(second.wire);
	LDNS_FREE(third.wire);
	scene_free(&s);
}

// What the server says about our signature stands in an answer that it cannot sign (RFC8945#5.3.2).
static void said_by_the_server(void **state)
{
	static const struct {
		uint16_t error;
		enum publish_trouble trouble;
	} rows[] = {{16, PUBLISH_BAD_SIGNATURE}, {17, PUBLISH_BAD_KEY}, {18, PUBLISH_BAD_TIME}, {22, PUBLISH_UNVERIFIED}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s = scene_new();
		struct answer a = answer_made(&s.ours, s.chain.mac, true, false);
		ldns_pkt *p = NULL;
		assert_int_equal(ldns_wire2pkt(&p, a.wire, a.len), LDNS_STATUS_OK);
		ldns_write_uint16(ldns_rdf_data(ldns_rr_rdf(ldns_pkt_tsig(p), 5)), rows[i].error);
		assert_int_equal(tsig_chain_check(&s.chain, p, bytes_make(a.wire, a.len), &s.ours, now_s()), rows[i].trouble);
		ldns_pkt_free(p);
		LDNS_FREE(a.wire);
		scene_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets),
		cmocka_unit_test(believed),
		cmocka_unit_test(replayed),
		cmocka_unit_test(every_octet),
		cmocka_unit_test(chained),
		cmocka_unit_test(said_by_the_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
