// SPDX-License-Identifier: Apache-2.0
// SRTP contexts, and the RTP half of the transform. Order on the way in: index, replay list, tag, then only
// is a source remembered and the payload opened.
#include "mf/srtp_context.h"

#include "base/memory.h"

result mf_srtp_work_new(struct srtp_work **out)
{
	struct srtp_work *w = memory_alloc(sizeof(*w));

	*out = NULL;
	REQUIRE(w != NULL, E_NO_MEMORY);
	w->cipher = EVP_CIPHER_CTX_new();
	if (w->cipher == NULL) {
		memory_free(w);
		return FAIL(E_NO_MEMORY);
	}
	*out = w;
	return OK;
}

void mf_srtp_work_free(struct srtp_work *w)
{
	if (w == NULL)
		return;
	EVP_CIPHER_CTX_free(w->cipher);
	memory_wipe(w, sizeof(*w));
	memory_free(w);
}

static result keys_set(struct mf_srtp *s, const uint8_t *master)
{
	struct srtp_session_key rtp;
	result r = srtp_derive_session(s->row, master, LABEL_RTP_KEY, &rtp);
	bool seal = s->way == SRTP_OUT || !s->row->aead; // counter mode only ever enciphers
	int good;

	if (is_ok(r)) {
		good = EVP_CipherInit_ex(s->cipher, srtp_suite_cipher(s->row), NULL, rtp.key, NULL, seal);
		r = good == 1 ? OK : FAIL(E_NO_MEMORY);
	}
	if (!s->row->aead)
		hmac_sha1_set(s->mac, rtp.auth);
	memcpy(s->salt, rtp.salt, sizeof(s->salt));
	memory_wipe(&rtp, sizeof(rtp));
	TRY(r);
	return srtp_derive_session(s->row, master, LABEL_RTCP_KEY, &s->rtcp);
}

void mf_srtp_free(struct mf_srtp *s)
{
	if (s == NULL)
		return;
	EVP_CIPHER_CTX_free(s->cipher); // OpenSSL cleanses its key schedule
	srtp_sources_free(&s->sources);
	memory_wipe(s, sizeof(*s) + (s->row->aead ? 0 : sizeof(s->mac[0])));
	memory_free(s);
}

static result keep_take(struct mf_srtp *s, struct srtp_keep *keep, bool restore, uint32_t *bad)
{
	s->sources.keep = keep;
	if (keep == NULL)
		return OK;
	if (restore)
		return srtp_sources_restore(&s->sources, bad);
	memset(keep, 0, SRTP_SOURCES_MAX * sizeof(*keep));
	return OK;
}

result mf_srtp_new(struct mf_srtp **out, struct srtp_work *w, const struct media_key *key, enum srtp_way way,
	struct srtp_keep *keep, bool restore, uint32_t *bad)
{
	const struct srtp_suite *row = srtp_suite_row(key->suite);
	struct mf_srtp *s;
	result r;

	*out = NULL;
	REQUIRE(row != NULL, E_UNSUPPORTED);
	REQUIRE(key->len == row->key_len + row->salt_len && key->mki_len <= MEDIA_MKI_MAX, E_SYNTAX);
	s = memory_alloc(sizeof(*s) + (row->aead ? 0 : sizeof(s->mac[0])));
	REQUIRE(s != NULL, E_NO_MEMORY);
	s->row = row;
	s->work = w;
	s->way = (uint8_t)way;
	s->mki_len = key->mki_len;
	s->mki = key->mki;
	s->cipher = EVP_CIPHER_CTX_new();
	r = s->cipher == NULL ? FAIL(E_NO_MEMORY) : keys_set(s, key->master);
	if (is_ok(r))
		r = keep_take(s, keep, restore, bad);
	if (!is_ok(r)) {
		mf_srtp_free(s);
		return r;
	}
	*out = s;
	return OK;
}

result mf_srtp_rename(struct mf_srtp *s, const struct media_key *key)
{
	REQUIRE(key->mki_len <= MEDIA_MKI_MAX, E_SYNTAX);
	s->mki_len = key->mki_len;
	s->mki = key->mki;
	return OK;
}

static result warm_up_one(struct srtp_work *w, uint8_t suite)
{
	struct media_key key = {.suite = suite, .len = srtp_suite_master_len(suite)};
	uint8_t report[8 + SRTP_TRAILER_MAX] = {0x80, 201, 0, 1};
	uint32_t bad = 0, n = 8;
	struct mf_srtp *s;
	result r;

	TRY(mf_srtp_new(&s, w, &key, SRTP_OUT, NULL, false, &bad));
	r = mf_srtcp_protect(s, report, &n, sizeof(report));
	mf_srtp_free(s);
	return r;
}

result mf_srtp_warm_up(void)
{
	struct srtp_work *w;
	result r = OK;

	TRY(mf_srtp_work_new(&w));
	for (uint8_t suite = SUITE_NONE + 1; suite < SUITE_COUNT && is_ok(r); suite++)
		r = warm_up_one(w, suite);
	mf_srtp_work_free(w);
	return r;
}

static uint8_t mki_octet(const struct mf_srtp *s, uint32_t i)
{
	uint32_t back = s->mki_len - 1u - i;

	return back < sizeof(s->mki) ? (uint8_t)(s->mki >> back * 8) : 0;
}

void srtp_mki_put(const struct mf_srtp *s, uint8_t *at)
{
	for (uint32_t i = 0; i < s->mki_len; i++)
		at[i] = mki_octet(s, i);
}

result srtp_mki_check(const struct mf_srtp *s, const uint8_t *at)
{
	for (uint32_t i = 0; i < s->mki_len; i++)
		REQUIRE(at[i] == mki_octet(s, i), E_AUTH);
	return OK;
}

// What follows the payload.
static uint32_t rtp_trailer(const struct mf_srtp *s)
{
	return (uint32_t)s->row->rtp_tag + s->mki_len;
}

// RFC3711#4.2: the code covers the packet up to the tag, and the roll-over counter.
static void rtp_code(
	const struct mf_srtp *s, const uint8_t *buf, uint32_t n, uint64_t index, uint8_t out[HMAC_SHA1_LEN])
{
	uint32_t roc = (uint32_t)(index >> 16);
	uint8_t tail[4] = {(uint8_t)(roc >> 24), (uint8_t)(roc >> 16), (uint8_t)(roc >> 8), (uint8_t)roc};

	hmac_sha1_compute(s->mac, bytes_make(buf, n), bytes_make(tail, sizeof(tail)), out);
}

static result source_get(struct mf_srtp *s, uint32_t ssrc, struct srtp_source **source)
{
	if (*source != NULL)
		return OK;
	return srtp_sources_add(&s->sources, ssrc, source);
}

static result rtp_seal(
	struct mf_srtp *s, uint8_t *buf, uint32_t *len, const struct rtp_header *h, uint64_t index)
{
	uint32_t from = h->payload.from, n = *len;
	uint8_t iv[SRTP_IV_MAX], code[HMAC_SHA1_LEN];

	srtp_iv(s->row, s->salt, h->ssrc, index, iv);
	*len = n + rtp_trailer(s);
	if (s->row->aead) {
		struct srtp_aead a = {iv, {{buf, from}, {NULL, 0}}, buf + from, buf + from, n - from};
		srtp_mki_put(s, buf + n + s->row->rtp_tag);
		return srtp_gcm_seal(s->cipher, &a, buf + n);
	}
	TRY(srtp_ctr(s->cipher, iv, buf + from, n - from));
	rtp_code(s, buf, n, index, code);
	srtp_mki_put(s, buf + n);
	memcpy(buf + n + s->mki_len, code, s->row->rtp_tag);
	return OK;
}

result mf_srtp_protect(
	struct mf_srtp *s, uint8_t *buf, uint32_t *len, uint32_t cap, const struct rtp_header *h)
{
	struct srtp_source *source = srtp_sources_find(&s->sources, h->ssrc);
	uint64_t index;

	REQUIRE(s->way == SRTP_OUT, E_IMPOSSIBLE);
	REQUIRE(*len <= cap && cap - *len >= rtp_trailer(s) && h->payload.from <= *len, E_TOO_LONG);
	TRY(srtp_index_estimate(source, h->sequence, &index));
	if (source != NULL)
		TRY(srtp_window_check(&source->rtp, source->rtp_seen, index));
	TRY(source_get(s, h->ssrc, &source));
	srtp_source_mark_rtp(&s->sources, source, index); // before it can leave
	return rtp_seal(s, buf, len, h, index);
}

static result rtp_verify(struct mf_srtp *s, const uint8_t *buf, uint32_t n, uint64_t index)
{
	uint8_t code[HMAC_SHA1_LEN];

	rtp_code(s, buf, n, index, code);
	REQUIRE(bytes_equal_secret(bytes_make(code, s->row->rtp_tag),
			bytes_make(buf + n + s->mki_len, s->row->rtp_tag)),
		E_AUTH);
	return OK;
}

// Check, and open into OUT (the packet itself or the scratch), or not at all when OUT is NULL and it can be
// avoided.
static result rtp_open(
	struct mf_srtp *s, const uint8_t *buf, uint32_t n, const struct rtp_header *h, uint8_t *out)
{
	struct srtp_source *source = srtp_sources_find(&s->sources, h->ssrc);
	uint32_t from = h->payload.from;
	uint8_t iv[SRTP_IV_MAX];
	uint64_t index;

	TRY(srtp_mki_check(s, buf + n + (s->row->aead ? s->row->rtp_tag : 0)));
	TRY(srtp_index_estimate(source, h->sequence, &index));
	if (source != NULL)
		TRY(srtp_window_check(&source->rtp, source->rtp_seen, index)); // MF-I4
	srtp_iv(s->row, s->salt, h->ssrc, index, iv);
	if (s->row->aead) {
		struct srtp_aead a = {iv, {{buf, from}, {NULL, 0}}, buf + from, out, n - from};
		if (out == NULL)
			a.out = s->work->scratch;
		TRY(srtp_gcm_open(s->cipher, &a, buf + n));
	} else {
		TRY(rtp_verify(s, buf, n, index));
	}
	TRY(source_get(s, h->ssrc, &source));
	srtp_source_mark_rtp(&s->sources, source, index);
	if (s->row->aead || out == NULL)
		return OK;
	return srtp_ctr(s->cipher, iv, out, n - from);
}

static result rtp_room(const struct mf_srtp *s, uint32_t len, const struct rtp_header *h)
{
	REQUIRE(s->way == SRTP_IN, E_IMPOSSIBLE);
	REQUIRE(len <= RTP_DATAGRAM_MAX, E_TOO_LONG);
	REQUIRE(h->payload.from <= len && len - h->payload.from >= rtp_trailer(s), E_SYNTAX);
	return OK;
}

result mf_srtp_unprotect(struct mf_srtp *s, uint8_t *buf, uint32_t *len, const struct rtp_header *h)
{
	TRY(rtp_room(s, *len, h));
	TRY(rtp_open(s, buf, *len - rtp_trailer(s), h, buf + h->payload.from));
	*len -= rtp_trailer(s);
	return OK;
}

result mf_srtp_authenticate(struct mf_srtp *s, const uint8_t *buf, uint32_t len, const struct rtp_header *h)
{
	TRY(rtp_room(s, len, h));
	return rtp_open(s, buf, len - rtp_trailer(s), h, NULL);
}
