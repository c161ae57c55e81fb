// SPDX-License-Identifier: Apache-2.0
// The SRTP transform by itself: the packets of RFC 7714 section 16 and 17, limits, replay, roll-over, keep
// areas, memory.
#include "unit_mf.h"

#include "mf/srtp_context.h"

struct ends {
	struct srtp_work *work;
	struct mf_srtp *out, *in;
};

static struct media_key key_make(uint8_t suite)
{
	struct media_key k = {.suite = suite, .len = srtp_suite_master_len(suite)};

	for (uint32_t i = 0; i < k.len; i++)
		k.master[i] = (uint8_t)(i * 11 + 3);
	return k;
}

static void ends_open(struct ends *e, uint8_t suite)
{
	struct media_key k = key_make(suite);
	uint32_t bad = 0;

	assert_ok(mf_srtp_work_new(&e->work));
	assert_ok(mf_srtp_new(&e->out, e->work, &k, SRTP_OUT, NULL, false, &bad));
	assert_ok(mf_srtp_new(&e->in, e->work, &k, SRTP_IN, NULL, false, &bad));
}

static void ends_close(struct ends *e)
{
	mf_srtp_free(e->out);
	mf_srtp_free(e->in);
	mf_srtp_work_free(e->work);
}

static uint32_t sealed(struct mf_srtp *out, uint16_t seq, uint32_t ssrc, uint8_t *buf, struct rtp_header *h)
{
	uint32_t n = rtp_make(buf, 8, seq, seq * 160u, ssrc, 160);

	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, h));
	assert_ok(mf_srtp_protect(out, buf, &n, RTP_DATAGRAM_MAX, h));
	return n;
}

// Put the session keys of a published example into a context, past the derivation.
static void example_keys(struct mf_srtp *s, const char *key, const char *salt)
{
	uint8_t k[32];

	hex(key, k);
	hex(salt, s->salt);
	hex(salt, s->rtcp.salt);
	memcpy(s->rtcp.key, k, s->row->key_len);
	assert_int_equal(EVP_CipherInit_ex(s->cipher, NULL, NULL, k, NULL, s->way == SRTP_OUT), 1);
}

static void example(uint8_t suite, const char *key, const char *clear, const char *secure)
{
	uint8_t buf[RTP_DATAGRAM_MAX], plain[RTP_DATAGRAM_MAX], want[RTP_DATAGRAM_MAX];
	uint32_t n = hex(clear, buf), w = hex(secure, want);
	struct rtp_header h;
	struct ends e;

	memcpy(plain, buf, n);
	ends_open(&e, suite);
	example_keys(e.out, key, "51756964 2070726f 2071756f");
	example_keys(e.in, key, "51756964 2070726f 2071756f");
	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
	assert_ok(mf_srtp_protect(e.out, buf, &n, sizeof(buf), &h));
	assert_int_equal(n, w);
	assert_memory_equal(buf, want, w);
	assert_ok(mf_srtp_unprotect(e.in, buf, &n, &h));
	assert_memory_equal(buf, plain, n);
	ends_close(&e);
}

#define GALLIA                                                                                               \
	"8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 "         \
	"61727465 "                                                                                          \
	"73207472 6573"

static void rfc7714_16(void **state)
{
	(void)state;
	example(SUITE_AEAD_AES_128_GCM, "000102030405060708090a0b0c0d0e0f", GALLIA,
		"8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a "
		"51c7d19b "
		"36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce");
	example(SUITE_AEAD_AES_256_GCM, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		GALLIA,
		"8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 "
		"76ffae0f "
		"1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13");
}

// An RTCP packet with index 5d4: the index is counted up to there first.
static void rfc7714_17(void **state)
{
	uint8_t buf[256], want[256];
	struct srtp_source *source;
	struct ends e;
	uint32_t n, w;

	(void)state;
	ends_open(&e, SUITE_AEAD_AES_128_GCM);
	example_keys(e.out, "000102030405060708090a0b0c0d0e0f", "51756964 2070726f 2071756f");
	example_keys(e.in, "000102030405060708090a0b0c0d0e0f", "51756964 2070726f 2071756f");
	n = hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef "
		"deadbeef "
		"deadbeef deadbeef",
		buf);
	w = hex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda "
		"4ce09b46 "
		"86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
		want);
	assert_ok(srtp_sources_add(&e.out->sources, 0x4d617273, &source));
	srtp_source_mark_rtcp(&e.out->sources, source, 0x5d3);
	assert_ok(mf_srtcp_protect(e.out, buf, &n, sizeof(buf)));
	assert_int_equal(n, w);
	assert_memory_equal(buf, want, w);
	assert_ok(mf_srtcp_unprotect(e.in, buf, &n));
	assert_int_equal(n, 52);
	ends_close(&e);
}

static void all(void (*one)(uint8_t suite))
{
	for (uint8_t suite = 1; suite < SUITE_COUNT; suite++)
		one(suite);
}

static void rollover_one(uint8_t suite)
{
	uint8_t buf[RTP_DATAGRAM_MAX];
	struct rtp_header h;
	struct ends e;

	ends_open(&e, suite);
	for (uint32_t i = 65000; i < 3 * 65536 + 10; i += 400) { // three roll-overs
		uint32_t n = sealed(e.out, (uint16_t)i, 7, buf, &h);
		assert_ok(mf_srtp_unprotect(e.in, buf, &n, &h));
		assert_int_equal(n, 172);
		assert_int_equal(srtp_sources_find(&e.in->sources, 7)->rtp.index, i);
	}
	ends_close(&e);
}

static void rollover(void **state)
{
	(void)state;
	all(rollover_one);
}

static void authenticate_one(uint8_t suite)
{
	uint8_t buf[RTP_DATAGRAM_MAX], copy[RTP_DATAGRAM_MAX];
	struct rtp_header h;
	struct ends e;
	uint32_t n;

	ends_open(&e, suite);
	n = sealed(e.out, 1, 7, buf, &h);
	memcpy(copy, buf, n);
	for (uint32_t at = 0; at < n; at++) { // every octet counts
		struct rtp_header broken;
		if (at == 0)
			continue; // changes the layout itself
		buf[at] ^= 0x10;
		assert_ok(rtp_header_parse(buf, n, RTP_PROTECTED, &broken));
		assert_error(mf_srtp_authenticate(e.in, buf, n, &broken), E_AUTH);
		buf[at] ^= 0x10;
	}
	assert_int_equal(e.in->sources.count, 0); // nothing is remembered of forged packets
	assert_ok(mf_srtp_authenticate(e.in, buf, n, &h));
	assert_memory_equal(buf, copy, n);
	assert_error(mf_srtp_authenticate(e.in, buf, n, &h), E_REPLAY);
	n = rtcp_make_sr(buf, 7);
	assert_ok(mf_srtcp_protect(e.out, buf, &n, sizeof(buf)));
	memcpy(copy, buf, n);
	for (uint32_t at = 0; at < n; at++) {
		buf[at] ^= 0x01;
		assert_true(!is_ok(mf_srtcp_authenticate(e.in, buf, n)));
		buf[at] ^= 0x01;
	}
	assert_ok(mf_srtcp_authenticate(e.in, buf, n));
	assert_memory_equal(buf, copy, n);
	assert_error(mf_srtcp_authenticate(e.in, buf, n), E_REPLAY);
	ends_close(&e);
}

static void authenticate(void **state)
{
	(void)state;
	all(authenticate_one);
}

static void lengths_one(uint8_t suite)
{
	const struct srtp_suite *row = srtp_suite_row(suite);
	uint8_t buf[RTP_DATAGRAM_MAX + SRTP_TRAILER_MAX];
	struct rtp_header h;
	struct ends e;
	uint32_t n;

	ends_open(&e, suite);
	n = rtp_make(buf, 8, 1, 1, 1, 160);
	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
	assert_error(mf_srtp_protect(e.out, buf, &n, n + row->rtp_tag - 1u, &h), E_TOO_LONG);
	assert_ok(mf_srtp_protect(e.out, buf, &n, n + row->rtp_tag, &h));
	assert_error(
		mf_srtp_protect(e.out, buf, &n, sizeof(buf), &h), E_REPLAY); // never the same index twice
	n = 12 + row->rtp_tag - 1u;
	assert_error(mf_srtp_unprotect(e.in, buf, &n, &h), E_SYNTAX);
	n = RTP_DATAGRAM_MAX + 1;
	assert_error(mf_srtp_unprotect(e.in, buf, &n, &h), E_TOO_LONG);
	n = 12;
	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
	h.sequence = 2;
	assert_ok(mf_srtp_protect(e.out, buf, &n, sizeof(buf), &h)); // an empty payload
	n = 7;
	assert_error(mf_srtcp_protect(e.out, buf, &n, sizeof(buf)), E_SYNTAX);
	n = 8u + row->rtcp_tag + 3u;
	assert_error(mf_srtcp_unprotect(e.in, buf, &n), E_SYNTAX);
	n = rtcp_make_sr(buf, 1);
	assert_error(mf_srtcp_protect(e.out, buf, &n, n + row->rtcp_tag + 3u), E_TOO_LONG);
	assert_ok(mf_srtcp_protect(e.out, buf, &n, n + row->rtcp_tag + 4u));
	buf[row->aead ? n - 4 : n - 4u - row->rtcp_tag] &= 0x7f; // E flag off
	assert_error(mf_srtcp_unprotect(e.in, buf, &n), E_POLICY);
	assert_error(mf_srtcp_unprotect(e.out, buf, &n), E_IMPOSSIBLE); // wrong way
	ends_close(&e);
}

static void lengths(void **state)
{
	(void)state;
	all(lengths_one);
}

static void sources_bounded(void **state)
{
	uint8_t buf[RTP_DATAGRAM_MAX];
	struct rtp_header h;
	struct ends e;
	uint32_t n;

	(void)state;
	ends_open(&e, SUITE_AEAD_AES_128_GCM);
	for (uint32_t i = 0; i < SRTP_SOURCES_MAX; i++)
		sealed(e.out, 1, 100 + i, buf, &h);
	n = rtp_make(buf, 8, 1, 1, 999, 160);
	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
	assert_error(mf_srtp_protect(e.out, buf, &n, sizeof(buf), &h), E_FULL);
	sealed(e.out, 2, 100, buf, &h); // known ones go on
	ends_close(&e);
}

static void keys_refused(void **state)
{
	struct media_key k = key_make(SUITE_AEAD_AES_128_GCM);
	struct srtp_work *work;
	struct mf_srtp *s;
	uint32_t bad = 0;

	(void)state;
	assert_ok(mf_srtp_work_new(&work));
	k.len--;
	assert_error(mf_srtp_new(&s, work, &k, SRTP_IN, NULL, false, &bad), E_SYNTAX);
	k.suite = SUITE_COUNT;
	assert_error(mf_srtp_new(&s, work, &k, SRTP_IN, NULL, false, &bad), E_UNSUPPORTED);
	k.suite = SUITE_NONE;
	assert_error(mf_srtp_new(&s, work, &k, SRTP_IN, NULL, false, &bad), E_UNSUPPORTED);
	assert_null(s);
	mf_srtp_work_free(work);
}

// A process dies: the next one, given the keep area, repeats no index and takes no old packet.
static void keep_one(uint8_t suite)
{
	struct srtp_keep keep_out[SRTP_SOURCES_MAX], keep_in[SRTP_SOURCES_MAX];
	uint8_t buf[RTP_DATAGRAM_MAX], old[RTP_DATAGRAM_MAX];
	struct media_key k = key_make(suite);
	struct rtp_header h, old_h;
	uint32_t bad = 0, n, old_n = 0;
	struct srtp_work *work;
	struct mf_srtp *out, *in;

	memset(keep_out, 0xaa, sizeof(keep_out)); // a new key clears what was there
	memset(keep_in, 0xaa, sizeof(keep_in));
	assert_ok(mf_srtp_work_new(&work));
	assert_ok(mf_srtp_new(&out, work, &k, SRTP_OUT, keep_out, false, &bad));
	assert_ok(mf_srtp_new(&in, work, &k, SRTP_IN, keep_in, false, &bad));
	for (uint32_t i = 65530; i < 65550; i++) {
		n = sealed(out, (uint16_t)i, 7, buf, &h);
		if (i == 65549) {
			memcpy(old, buf, old_n = n);
			old_h = h;
		}
		assert_ok(mf_srtp_unprotect(in, buf, &n, &h));
	}
	n = rtcp_make_sr(buf, 7);
	assert_ok(mf_srtcp_protect(out, buf, &n, sizeof(buf)));
	mf_srtp_free(out);
	mf_srtp_free(in);
	assert_ok(mf_srtp_new(&out, work, &k, SRTP_OUT, keep_out, true, &bad));
	assert_ok(mf_srtp_new(&in, work, &k, SRTP_IN, keep_in, true, &bad));
	assert_int_equal(bad, 0);
	assert_error(mf_srtp_unprotect(in, old, &old_n, &old_h), E_REPLAY);
	n = rtp_make(buf, 8, (uint16_t)65549, 0, 7, 160);
	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
	assert_error(mf_srtp_protect(out, buf, &n, sizeof(buf), &h), E_REPLAY);
	n = sealed(out, (uint16_t)65550, 7, buf, &h);
	assert_ok(mf_srtp_unprotect(in, buf, &n, &h)); // with the roll-over counter of before
	n = rtcp_make_sr(buf, 7);
	assert_ok(mf_srtcp_protect(out, buf, &n, sizeof(buf)));
	assert_int_equal(srtp_sources_find(&out->sources, 7)->rtcp.index, 1);
	mf_srtp_free(out);
	keep_out[0].word ^= 1ull << 20; // a word that does not check is dropped
	assert_ok(mf_srtp_new(&out, work, &k, SRTP_OUT, keep_out, true, &bad));
	assert_int_equal(bad, 1);
	mf_srtp_free(out);
	mf_srtp_free(in);
	mf_srtp_work_free(work);
}

static void keep(void **state)
{
	(void)state;
	all(keep_one);
}

// Each allocation fails once: an error, and nothing leaks (the sanitizer run shows it).
static void no_memory(void **state)
{
	struct media_key k = key_make(SUITE_AES_CM_128_HMAC_SHA1_80);
	struct srtp_work *work = NULL;
	struct mf_srtp *s;
	uint8_t buf[RTP_DATAGRAM_MAX];
	struct rtp_header h;
	uint32_t bad = 0, n;

	(void)state;
	memory_fail_nth(1);
	assert_error(mf_srtp_work_new(&work), E_NO_MEMORY);
	assert_ok(mf_srtp_work_new(&work));
	memory_fail_nth(1);
	assert_error(mf_srtp_new(&s, work, &k, SRTP_OUT, NULL, false, &bad), E_NO_MEMORY);
	assert_ok(mf_srtp_new(&s, work, &k, SRTP_OUT, NULL, false, &bad));
	n = rtp_make(buf, 8, 1, 1, 1, 160);
	assert_ok(rtp_header_parse(buf, n, RTP_CLEAR, &h));
	memory_fail_nth(1);
	assert_error(mf_srtp_protect(s, buf, &n, sizeof(buf), &h), E_NO_MEMORY);
	memory_fail_nth(0);
	assert_ok(mf_srtp_protect(s, buf, &n, sizeof(buf), &h));
	mf_srtp_free(s);
	mf_srtp_work_free(work);
}

static void warm_up(void **state)
{
	(void)state;
	assert_ok(mf_srtp_warm_up());
	memory_fail_nth(1);
	assert_error(mf_srtp_warm_up(), E_NO_MEMORY);
	memory_fail_nth(2);
	assert_error(mf_srtp_warm_up(), E_NO_MEMORY);
	memory_fail_nth(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rfc7714_16), cmocka_unit_test(rfc7714_17),
		cmocka_unit_test(rollover), cmocka_unit_test(authenticate), cmocka_unit_test(lengths),
		cmocka_unit_test(sources_bounded), cmocka_unit_test(keys_refused), cmocka_unit_test(keep),
		cmocka_unit_test(no_memory), cmocka_unit_test(warm_up)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
