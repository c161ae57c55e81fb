// SPDX-License-Identifier: Apache-2.0
// The RTCP half of the transform (RFC3711#3.4, RFC7714#9). RTCP is rare, so its keys are loaded into the
// worker's one cipher context for each packet: a session saves a kilobyte per direction.
//
//   counter mode:  | header 8 | encrypted | E,index 4 | MKI | tag 10 |
//   GCM:           | header 8 | encrypted | tag 16 | E,index 4 | MKI |
#include "mf/srtp_context.h"

#include "base/memory.h"

enum { RTCP_CLEAR_LEN = 8 }; // header and sender's SSRC stay in clear

#define E_FLAG 0x80000000u

static void word_put(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

static result cipher_load(struct mf_srtp *s, bool seal)
{
	EVP_CIPHER_CTX *c = s->work->cipher;

	REQUIRE(EVP_CipherInit_ex(
			c, srtp_suite_cipher(s->row), NULL, s->rtcp.key, NULL, seal || !s->row->aead) == 1,
		E_NO_MEMORY);
	return OK;
}

static void code_compute(const struct mf_srtp *s, const uint8_t *buf, uint32_t n, uint8_t out[HMAC_SHA1_LEN])
{
	struct hmac_sha1 mac;

	hmac_sha1_set(&mac, s->rtcp.auth);
	hmac_sha1_compute(&mac, bytes_make(buf, n), bytes_make(buf, 0), out);
	memory_wipe(&mac, sizeof(mac));
}

static uint32_t rtcp_trailer(const struct mf_srtp *s)
{
	return (uint32_t)s->row->rtcp_tag + SRTCP_INDEX_LEN + s->mki_len;
}

static result seal(struct mf_srtp *s, uint8_t *buf, uint32_t *len, uint32_t ssrc, uint32_t index)
{
	uint8_t iv[SRTP_IV_MAX], word[SRTCP_INDEX_LEN], code[HMAC_SHA1_LEN], *body = buf + RTCP_CLEAR_LEN;
	uint32_t n = *len;

	TRY(cipher_load(s, true));
	srtp_iv(s->row, s->rtcp.salt, ssrc, index, iv);
	word_put(word, E_FLAG | index);
	*len = n + rtcp_trailer(s);
	if (s->row->aead) {
		struct srtp_aead a = {
			iv, {{buf, RTCP_CLEAR_LEN}, {word, sizeof(word)}}, body, body, n - RTCP_CLEAR_LEN};
		TRY(srtp_gcm_seal(s->work->cipher, &a, buf + n));
		memcpy(buf + n + SRTP_GCM_TAG, word, sizeof(word));
		srtp_mki_put(s, buf + n + SRTP_GCM_TAG + SRTCP_INDEX_LEN);
		return OK;
	}
	TRY(srtp_ctr(s->work->cipher, iv, body, n - RTCP_CLEAR_LEN));
	memcpy(buf + n, word, sizeof(word));
	code_compute(s, buf, n + SRTCP_INDEX_LEN, code);
	srtp_mki_put(s, buf + n + SRTCP_INDEX_LEN);
	memcpy(buf + n + SRTCP_INDEX_LEN + s->mki_len, code, s->row->rtcp_tag);
	return OK;
}

result mf_srtcp_protect(struct mf_srtp *s, uint8_t *buf, uint32_t *len, uint32_t cap)
{
	uint32_t ssrc = rtp_u32(buf, *len, 4);
	struct srtp_source *source = srtp_sources_find(&s->sources, ssrc);
	uint64_t index;

	REQUIRE(s->way == SRTP_OUT, E_IMPOSSIBLE);
	REQUIRE(*len >= RTCP_CLEAR_LEN, E_SYNTAX);
	REQUIRE(*len <= cap && cap - *len >= rtcp_trailer(s), E_TOO_LONG);
	if (source == NULL)
		TRY(srtp_sources_add(&s->sources, ssrc, &source));
	index = source->rtcp_seen ? source->rtcp.index + 1 : 0;
	REQUIRE(index < E_FLAG, E_STALE); // RFC3711#9.2
	srtp_source_mark_rtcp(&s->sources, source, (uint32_t)index);
	return seal(s, buf, len, ssrc, (uint32_t)index);
}

struct rtcp_parts {
	uint32_t ssrc, index, body_end;
	const uint8_t *word, *tag;
};

static result parts_find(const struct mf_srtp *s, const uint8_t *buf, uint32_t n, struct rtcp_parts *p)
{
	uint32_t tag = s->row->rtcp_tag, word;

	REQUIRE(s->way == SRTP_IN, E_IMPOSSIBLE);
	REQUIRE(n <= RTP_DATAGRAM_MAX, E_TOO_LONG);
	REQUIRE(n >= RTCP_CLEAR_LEN + rtcp_trailer(s), E_SYNTAX);
	p->body_end = n - rtcp_trailer(s);
	p->word = s->row->aead ? buf + p->body_end + tag : buf + p->body_end;
	p->tag = s->row->aead ? buf + p->body_end : p->word + SRTCP_INDEX_LEN + s->mki_len;
	TRY(srtp_mki_check(s, p->word + SRTCP_INDEX_LEN));
	word = rtp_u32(p->word, SRTCP_INDEX_LEN, 0);
	REQUIRE(word & E_FLAG, E_POLICY); // unencrypted SRTCP was never agreed (MF-C1)
	p->index = word & ~E_FLAG;
	p->ssrc = rtp_u32(buf, n, 4);
	return OK;
}

static result open_body(struct mf_srtp *s, const uint8_t *buf, const struct rtcp_parts *p, uint8_t *out)
{
	uint32_t n = p->body_end - RTCP_CLEAR_LEN;
	uint8_t iv[SRTP_IV_MAX], code[HMAC_SHA1_LEN];

	srtp_iv(s->row, s->rtcp.salt, p->ssrc, p->index, iv);
	if (s->row->aead) {
		struct srtp_aead a = {iv, {{buf, RTCP_CLEAR_LEN}, {p->word, SRTCP_INDEX_LEN}},
			buf + RTCP_CLEAR_LEN, out, n};
		TRY(cipher_load(s, false));
		return srtp_gcm_open(s->work->cipher, &a, p->tag);
	}
	code_compute(s, buf, p->body_end + SRTCP_INDEX_LEN, code);
	REQUIRE(bytes_equal_secret(bytes_make(code, s->row->rtcp_tag), bytes_make(p->tag, s->row->rtcp_tag)),
		E_AUTH);
	if (out == s->work->scratch)
		return OK;
	TRY(cipher_load(s, false));
	return srtp_ctr(s->work->cipher, iv, out, n);
}

static result rtcp_open(struct mf_srtp *s, const uint8_t *buf, const struct rtcp_parts *p, uint8_t *out)
{
	struct srtp_source *source = srtp_sources_find(&s->sources, p->ssrc);

	if (source != NULL)
		TRY(srtp_window_check(&source->rtcp, source->rtcp_seen, p->index)); // MF-I4
	TRY(open_body(s, buf, p, out));
	if (source == NULL)
		TRY(srtp_sources_add(&s->sources, p->ssrc, &source));
	srtp_source_mark_rtcp(&s->sources, source, p->index);
	return OK;
}

result mf_srtcp_unprotect(struct mf_srtp *s, uint8_t *buf, uint32_t *len)
{
	struct rtcp_parts p;

	TRY(parts_find(s, buf, *len, &p));
	TRY(rtcp_open(s, buf, &p, buf + RTCP_CLEAR_LEN));
	*len = p.body_end;
	return OK;
}

result mf_srtcp_authenticate(struct mf_srtp *s, const uint8_t *buf, uint32_t len)
{
	struct rtcp_parts p;

	TRY(parts_find(s, buf, len, &p));
	return rtcp_open(s, buf, &p, s->work->scratch);
}
