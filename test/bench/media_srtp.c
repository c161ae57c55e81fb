// SPDX-License-Identifier: Apache-2.0
// Protecting and unprotecting a G.711 packet: ours and libsrtp2's, in turn.
#include "media.h"

#include "mf/srtp.h"

#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SRTP_PACKETS = 40000 };

struct tape {
	uint8_t p[256];
	uint32_t len;
};

static void tape_fill(struct tape *t)
{
	for (uint32_t i = 0; i < SRTP_PACKETS; i++) {
		memset(t[i].p, 0x55, PACKET);
		memcpy(t[i].p, "\x80\x08\0\0\0\0\0\0\0\0\1\2", 12);
		t[i].p[2] = (uint8_t)(i >> 8);
		t[i].p[3] = (uint8_t)i;
		t[i].len = PACKET;
	}
}

static void ours_once(const struct media_key *key, struct tape *t, double *protect, double *unprotect)
{
	struct srtp_work *work;
	struct mf_srtp *out, *in;
	struct rtp_header h;
	uint32_t bad = 0;
	uint64_t at[3];

	if (!is_ok(mf_srtp_work_new(&work)) ||
		!is_ok(mf_srtp_new(&out, work, key, SRTP_OUT, NULL, false, &bad)) ||
		!is_ok(mf_srtp_new(&in, work, key, SRTP_IN, NULL, false, &bad)))
		bench_die("srtp");
	at[0] = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < SRTP_PACKETS; i++)
		if (!is_ok(rtp_header_parse(t[i].p, t[i].len, RTP_CLEAR, &h)) ||
			!is_ok(mf_srtp_protect(out, t[i].p, &t[i].len, sizeof(t[i].p), &h)))
			bench_die("protect");
	at[1] = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < SRTP_PACKETS; i++)
		if (!is_ok(rtp_header_parse(t[i].p, t[i].len, RTP_PROTECTED, &h)) ||
			!is_ok(mf_srtp_unprotect(in, t[i].p, &t[i].len, &h)))
			bench_die("unprotect");
	at[2] = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	*protect = (double)(at[1] - at[0]) / SRTP_PACKETS;
	*unprotect = (double)(at[2] - at[1]) / SRTP_PACKETS;
	mf_srtp_free(out);
	mf_srtp_free(in);
	mf_srtp_work_free(work);
}

static void theirs_once(
	srtp_profile_t profile, uint8_t *key, struct tape *t, double *protect, double *unprotect)
{
	srtp_policy_t policy;
	srtp_t out, in;
	uint64_t at[3];

	memset(&policy, 0, sizeof(policy));
	srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
	srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
	policy.key = key;
	policy.window_size = 128;
	policy.ssrc.type = ssrc_any_outbound;
	if (srtp_create(&out, &policy) != 0)
		bench_die("srtp_create");
	policy.ssrc.type = ssrc_any_inbound;
	if (srtp_create(&in, &policy) != 0)
		bench_die("srtp_create");
	at[0] = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < SRTP_PACKETS; i++)
		if (srtp_protect(out, t[i].p, (int *)&t[i].len) != 0)
			bench_die("srtp_protect");
	at[1] = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < SRTP_PACKETS; i++)
		if (srtp_unprotect(in, t[i].p, (int *)&t[i].len) != 0)
			bench_die("srtp_unprotect");
	at[2] = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	*protect = (double)(at[1] - at[0]) / SRTP_PACKETS;
	*unprotect = (double)(at[2] - at[1]) / SRTP_PACKETS;
	srtp_dealloc(out);
	srtp_dealloc(in);
}

void bench_srtp(uint32_t runs)
{
	static const struct {
		const char *name;
		uint8_t suite;
		srtp_profile_t profile;
	} row[] = {{"AES_CM_128_HMAC_SHA1_80", SUITE_AES_CM_128_HMAC_SHA1_80, srtp_profile_aes128_cm_sha1_80},
		{"AEAD_AES_128_GCM", SUITE_AEAD_AES_128_GCM, srtp_profile_aead_aes_128_gcm},
		{"AEAD_AES_256_GCM", SUITE_AEAD_AES_256_GCM, srtp_profile_aead_aes_256_gcm}};
	struct tape *t = calloc(SRTP_PACKETS, sizeof(*t));
	uint8_t raw[64];

	for (uint32_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(i * 7 + 1);
	srtp_init();
	for (uint32_t i = 0; i < ARRAY_LEN(row); i++) {
		struct media_key key = {.suite = row[i].suite, .len = srtp_suite_master_len(row[i].suite)};
		double op[RUNS_MAX], ou[RUNS_MAX], tp[RUNS_MAX], tu[RUNS_MAX];
		memcpy(key.master, raw, key.len);
		for (uint32_t k = 0; k < runs; k++) {
			tape_fill(t);
			ours_once(&key, t, &op[k], &ou[k]);
			tape_fill(t);
			theirs_once(row[i].profile, raw, t, &tp[k], &tu[k]);
		}
		printf("media srtp %s protect_ns=%.0f unprotect_ns=%.0f libsrtp2_protect_ns=%.0f "
		       "libsrtp2_unprotect_ns=%.0f "
		       "runs=%u\n",
			row[i].name, bench_median(op, runs), bench_median(ou, runs), bench_median(tp, runs),
			bench_median(tu, runs), runs);
	}
	free(t);
}
