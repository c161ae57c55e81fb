// SPDX-License-Identifier: Apache-2.0
// A whole call's offers and answers: plain RTP, keys added, converted, passed; re-offers, rollback, clone, image.
#include "plan_unit.h"

#include "base/memory.h"

#define AUDIO "m=audio 49170 RTP/AVP 0 8 97\r\na=rtpmap:97 iLBC/8000\r\na=ptime:20\r\na=X-unknown:keep me\r\n"
#define AUDIO_ANSWER "m=audio 49172 RTP/AVP 0\r\n"
#define SDES_AUDIO "m=audio 49170 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY1 "|2^20|1:4\r\n"
#define SDES_PLAIN "m=audio 49170 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY1 "\r\n"
#define SDES_ANSWER "m=audio 49172 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY2 "\r\n"

static struct media_plan media(struct world *w)
{
	struct media_plan m;

	plan_media(w->s, &w->c, &m);
	return m;
}

// RFC4317#2.1, with the border between.
static void test_plain_call(void **state)
{
	struct world w;
	(void)state;

	world_init(&w);
	assert_passes(offer(&w, 0, CORE AUDIO));
	assert_int_equal(w.streams, 1);
	assert_has(&w, "c=IN IP4 203.0.113.7\r\n");
	assert_has(&w, "m=audio 25000 RTP/AVP 0 8 97\r\na=rtpmap:97 iLBC/8000\r\na=ptime:20\r\na=X-unknown:keep me\r\n");
	assert_has(&w, "s=-\r\n");
	assert_has(&w, "o=- ");
	assert_lacks(&w, "10.1.1.5");
	assert_lacks(&w, "alice");
	assert_lacks(&w, "secret");
	assert_true(plan_offer_pending(w.s));
	assert_passes(answer(&w, 1, PEERING AUDIO_ANSWER));
	assert_has(&w, "c=IN IP4 10.0.0.1\r\n");
	assert_has(&w, "m=audio 20000 RTP/AVP 0\r\n");
	assert_lacks(&w, "192.0.2.9");
	struct media_plan m = media(&w);
	assert_int_equal(m.count, 1);
	assert_int_equal(m.stream[0].keying, KEYING_PASS);
	assert_int_equal(m.stream[0].side[0].remote_rtp.port, 49170);
	assert_int_equal(m.stream[0].side[0].remote_rtcp.port, 49171);
	assert_int_equal(m.stream[0].side[1].remote_rtp.port, 49172);
	assert_true(m.stream[0].side[0].may_send && m.stream[0].side[1].may_send);
	assert_int_equal(m.stream[0].side[0].payload_count, 1);
	assert_int_equal(m.stream[0].side[1].payload_count, 1);
	assert_int_equal(m.stream[0].side[0].in.suite, SUITE_NONE);
	world_free(&w);
}

// Line of our crypto in what was written last; BEGIN gets everything behind "a=crypto:".
static void our_crypto(const struct world *w, char *begin, size_t cap)
{
	const char *at = strstr(w->text, "a=crypto:");

	assert_non_null(at);
	snprintf(begin, cap, "%.*s", (int)strcspn(at, "\r"), at);
}

static void test_add(void **state)
{
	struct world w;
	char ours[200], again[200];
	(void)state;

	world_init(&w);
	w.peer[1].srtp = SRTP_REQUIRED;
	assert_passes(offer(&w, 0, CORE AUDIO));
	assert_has(&w, "m=audio 25000 RTP/SAVP 0 8 97\r\n");
	assert_has(&w, "a=crypto:1 AEAD_AES_256_GCM inline:");
	assert_has(&w, "a=crypto:2 AEAD_AES_128_GCM inline:");
	assert_has(&w, "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:");
	our_crypto(&w, ours, sizeof(ours));
	assert_passes(answer(&w, 1, PEERING "m=audio 49172 RTP/SAVP 0\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 " KEY2 "\r\n"));
	assert_has(&w, "m=audio 20000 RTP/AVP 0\r\n");
	assert_lacks(&w, "crypto");
	struct media_plan m = media(&w);
	assert_int_equal(m.stream[0].keying, KEYING_ADD);
	assert_int_equal(m.stream[0].side[0].in.suite, SUITE_NONE);
	assert_int_equal(m.stream[0].side[1].in.suite, SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(m.stream[0].side[1].in.master[0], '=');
	assert_int_equal(m.stream[0].side[1].out.len, 30);
	struct media_key out = m.stream[0].side[1].out;
	// A re-offer from the plain side repeats the agreed key.
	assert_passes(offer(&w, 0, CORE AUDIO "a=sendonly\r\n"));
	our_crypto(&w, again, sizeof(again));
	assert_non_null(strstr(again, "a=crypto:3 AES_CM_128"));
	plan_rollback(w.s);
	// A re-offer from the keyed side goes out plain, and is answered with the same key.
	assert_passes(offer(&w, 1, PEERING SDES_ANSWER));
	assert_has(&w, "m=audio 20000 RTP/AVP 0\r\n");
	assert_lacks(&w, "crypto");
	assert_passes(answer(&w, 0, CORE "m=audio 49170 RTP/AVP 0\r\n"));
	assert_has(&w, "m=audio 25000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:");
	m = media(&w);
	assert_memory_equal(&m.stream[0].side[1].out, &out, sizeof(out));
	assert_refused(offer(&w, 1, PEERING AUDIO_ANSWER), "Keying changed");
	world_free(&w);
}

static void test_convert(void **state)
{
	struct world w;
	(void)state;

	world_init(&w);
	w.peer[1].srtp = SRTP_REQUIRED;
	w.peer[0].keying = PEER_KEYING_PER_LEG;
	w.c.leg[0].secure = false; // a core in clear: keys must not be shown there
	assert_passes(offer(&w, 1, PEERING SDES_PLAIN));
	assert_has(&w, "m=audio 20000 RTP/AVP 0\r\n");
	assert_lacks(&w, "crypto");
	assert_passes(answer(&w, 0, CORE AUDIO_ANSWER));
	assert_has(&w, "m=audio 25000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:");
	struct media_plan m = media(&w);
	assert_int_equal(m.stream[0].keying, KEYING_CONVERT);
	assert_int_equal(m.stream[0].side[1].in.master[0], 'Y');
	assert_int_equal(m.stream[0].side[1].out.len, 30);
	assert_int_equal(m.stream[0].side[0].in.suite, SUITE_NONE);
	// The plain side re-offers: our leg stays keyed.
	assert_passes(offer(&w, 0, CORE AUDIO_ANSWER));
	assert_has(&w, "RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:");
	assert_passes(answer(&w, 1, PEERING SDES_ANSWER));
	assert_lacks(&w, "crypto");
	w.peer[0].keying = PEER_KEYING_END_TO_END;
	plan_free(w.s);
	assert_true(is_ok(plan_begin(&w.s, &w.c)));
	assert_refused(offer(&w, 1, PEERING SDES_PLAIN), "SDES needs secure signalling");
	world_free(&w);
}

static void test_pass_sdes(void **state)
{
	struct world w;
	(void)state;

	world_init(&w);
	w.peer[1].srtp = SRTP_REQUIRED;
	assert_passes(offer(&w, 0, CORE SDES_PLAIN));
	assert_has(&w, "RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY1 "\r\n");
	assert_passes(answer(&w, 1, PEERING SDES_ANSWER));
	assert_has(&w, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY2 "\r\n");
	struct media_plan m = media(&w);
	assert_int_equal(m.stream[0].keying, KEYING_PASS);
	assert_int_equal(m.stream[0].side[0].in.master[0], 'Y');
	assert_int_equal(m.stream[0].side[1].in.master[0], '=');
	assert_int_equal(m.stream[0].side[0].out.suite, SUITE_NONE);
	assert_false(m.stream[0].opaque);
	// An MKI is known like the key: each side's own, of its own length.
	assert_passes(offer(&w, 0, CORE SDES_AUDIO));
	assert_has(&w, KEY1 "|2^20|1:4\r\n");
	assert_passes(answer(&w, 1, PEERING SDES_ANSWER));
	m = media(&w);
	assert_false(m.stream[0].opaque);
	assert_int_equal(m.stream[0].side[0].in.mki_len, 4);
	assert_int_equal(m.stream[0].side[0].in.mki, 1);
	assert_int_equal(m.stream[0].side[1].in.mki_len, 0);
	world_free(&w);
}

static void test_answers_refused(void **state)
{
	static const struct {
		const char *offer, *answer, *why;
	} row[] = {
		{AUDIO, "m=audio 9000 RTP/AVP 18\r\n", "Answer is no subset of the offer"},
		{AUDIO, "m=audio 9000 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n", "Answer is no subset of the offer"},
		{AUDIO, "m=video 9000 RTP/AVP 0\r\n", "Answer changes media type"},
		{AUDIO, AUDIO_ANSWER AUDIO_ANSWER, "Answer has another number of media lines"},
		{AUDIO "a=sendonly\r\n", AUDIO_ANSWER "a=sendonly\r\n", "Answer does not fit the offered direction"},
		{AUDIO "m=audio 0 RTP/AVP 0\r\n", AUDIO_ANSWER AUDIO_ANSWER, "Answer revives a rejected line"},
		{SDES_PLAIN, "m=audio 9000 RTP/SAVP 0\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 " KEY2 "\r\n", "Answer chose no offered key"},
		{SDES_PLAIN, AUDIO_ANSWER, "Answer changes media protocol"},
		{AUDIO, "m=audio 25002 RTP/AVP 0\r\nc=IN IP4 203.0.113.7\r\n", "Media address is ours"},
		{AUDIO, "m=audio 9000 RTP/AVP 0\r\nc=IN IP4 198.51.100.1\r\n", "Media address out of range"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct world w;
		char o[1024], a[1024];
		world_init(&w);
		snprintf(o, sizeof(o), "%s%s", CORE, row[i].offer);
		snprintf(a, sizeof(a), "%s%s", PEERING, row[i].answer);
		assert_passes(offer(&w, 0, o));
		assert_refused(answer(&w, 1, a), row[i].why);
		assert_false(plan_agreed(w.s));
		world_free(&w);
	}
}

static void test_offers_refused(void **state)
{
	static const struct {
		const char *body, *why;
	} row[] = {
		{HEAD("127.0.0.1") AUDIO_ANSWER, "Media address not usable"},
		{HEAD("224.0.0.1") AUDIO_ANSWER, "Media address not usable"},
		{HEAD("169.254.1.1") AUDIO_ANSWER, "Media address not usable"},
		{HEAD("203.0.113.7") AUDIO_ANSWER, "Media address is ours"},
		{HEAD("8.8.8.8") AUDIO_ANSWER, "Media address out of range"},
		{HEAD("media.example") AUDIO_ANSWER, "Media address is no unicast number"},
		{CORE AUDIO_ANSWER "a=rtcp:53 IN IP4 8.8.8.8\r\n", "Media address out of range"},
		{CORE AUDIO_ANSWER "a=x:host 10.1.1.77 port\r\n", "SDP holds a core address"},
		{CORE AUDIO_ANSWER "a=x:sip:a@pbx.core.example;x\r\n", "SDP holds a core address"},
		{CORE "m=audio 5 TCP/MSRP *\r\n", "No media line acceptable"},
		{CORE "m=audio 9000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY1 " UNENCRYPTED_SRTP\r\n",
			"NULL cipher refused"},
		{"v=0\r\n", "SDP without t="},
	};
	static const struct bytes hidden[] = {{(const uint8_t *)"core.example", 12}};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct world w;
		world_init(&w);
		w.c.hidden = hidden;
		w.c.hidden_count = 1;
		assert_refused(offer(&w, 0, row[i].body), row[i].why);
		assert_false(plan_offer_pending(w.s));
		world_free(&w);
	}
}

static void test_media_line_counts(void **state)
{
	static char body[64 * 1024];
	static const int counts[] = {0, 1, 8, 9, 64, 65, 1000};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct world w;
		size_t n = (size_t)snprintf(body, sizeof(body), "%s", CORE);
		for (int k = 0; k < counts[i]; k++)
			n += (size_t)snprintf(body + n, sizeof(body) - n, "m=audio %d RTP/AVP 0\r\n", 30000 + 2 * k);
		world_init(&w);
		struct verdict v = offer(&w, 0, body);
		if (counts[i] <= MEDIA_STREAMS_MAX) {
			assert_passes(v);
			assert_int_equal(w.streams, counts[i]);
		} else {
			assert_refused(v, "Too many media lines");
			assert_int_equal(v.status, 488);
		}
		world_free(&w);
	}
}

static void test_hold(void **state)
{
	struct world w;
	(void)state;

	world_init(&w);
	assert_passes(offer(&w, 0, CORE AUDIO));
	assert_passes(answer(&w, 1, PEERING AUDIO_ANSWER));
	assert_passes(offer(&w, 0, HEAD("0.0.0.0") "m=audio 49170 RTP/AVP 0\r\na=sendrecv\r\na=ptime:20\r\n"));
	assert_has(&w, "m=audio 25000 RTP/AVP 0\r\na=ptime:20\r\na=sendonly\r\n");
	assert_passes(answer(&w, 1, PEERING AUDIO_ANSWER "a=recvonly\r\n"));
	struct media_plan m = media(&w);
	assert_int_equal(m.stream[0].side[0].remote_rtp.family, 0);
	assert_true(m.stream[0].side[0].may_send);
	assert_false(m.stream[0].side[1].may_send);
	world_free(&w);
}

static void test_origin_versions(void **state)
{
	struct world w;
	char line[3][64];
	unsigned long long id[2], version[2];
	(void)state;

	world_init(&w);
	for (int round = 0; round < 3; round++) {
		assert_passes(offer(&w, 0, round < 2 ? CORE AUDIO : CORE AUDIO "a=sendonly\r\n"));
		const char *o = strstr(w.text, "o=- ");
		snprintf(line[round], sizeof(line[round]), "%.*s", (int)strcspn(o, "\r"), o);
		assert_passes(answer(&w, 1, round < 2 ? PEERING AUDIO_ANSWER : PEERING AUDIO_ANSWER "a=recvonly\r\n"));
	}
	assert_string_equal(line[0], line[1]);
	for (int i = 0; i < 2; i++) {
		char *end;
		id[i] = strtoull(line[i + 1] + 4, &end, 10);
		version[i] = strtoull(end, &end, 10);
		assert_string_equal(end, " IN IP4 203.0.113.7");
	}
	assert_true(id[0] == id[1]);
	assert_true(version[1] == version[0] + 1);
	world_free(&w);
}

static void test_codecs(void **state)
{
	struct world w;
	(void)state;

	world_init(&w);
	w.peer[1].codec_count = 1;
	snprintf(w.peer[1].codec[0], sizeof(w.peer[1].codec[0]), "PCMA");
	assert_passes(offer(&w, 0, CORE "m=audio 9000 RTP/AVP 0 8 97 101\r\na=rtpmap:97 iLBC/8000\r\na=fmtp:97 mode=20\r\n"
					"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\nm=video 9002 RTP/AVP 31\r\n"));
	assert_has(&w, "m=audio 25000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
		       "m=video 0 RTP/AVP 31\r\n");
	assert_refused(answer(&w, 1, PEERING "m=audio 9000 RTP/AVP 0\r\nm=video 0 RTP/AVP 31\r\n"),
		"Answer is no subset of the offer");
	assert_refused(offer(&w, 0, CORE "m=audio 9000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
		"No media line acceptable");
	world_free(&w);
}

static void test_addresses_removed(void **state)
{
	struct world w;
	(void)state;

	world_init(&w);
	assert_passes(offer(&w, 0, CORE "a=tool:softswitch 3\r\na=ice-lite\r\nm=audio 9000 RTP/AVP 0\r\na=rtcp-mux\r\n"
					"a=rtcp:9001 IN IP4 10.1.1.5\r\na=candidate:1 1 UDP 2130706431 10.1.1.5 9000 typ host\r\n"
					"a=ice-ufrag:abcd\r\na=setup:actpass\r\na=fingerprint:sha-1 "
					"4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\r\n"));
	assert_lacks(&w, "10.1.1.5");
	assert_lacks(&w, "ice");
	assert_lacks(&w, "candidate");
	assert_lacks(&w, "softswitch");
	assert_has(&w, "a=rtcp-mux\r\na=rtcp:25001 IN IP4 203.0.113.7\r\na=setup:actpass\r\na=fingerprint:sha-1 4A:AD");
	assert_passes(answer(&w, 1, PEERING AUDIO_ANSWER));
	struct media_plan m = media(&w);
	assert_false(m.stream[0].side[0].rtcp_mux);
	assert_int_equal(m.stream[0].side[0].remote_rtcp.port, 9001);
	world_free(&w);
}

static void test_unanchored(void **state)
{
	struct world w;
	(void)state;

	world_init(&w);
	w.peer[0].anchor = w.peer[1].anchor = 0;
	assert_passes(offer(&w, 0, CORE AUDIO));
	assert_int_equal(w.streams, 0);
	assert_has(&w, "c=IN IP4 10.1.1.5\r\n");
	assert_has(&w, "m=audio 49170 RTP/AVP");
	assert_lacks(&w, "alice");
	assert_passes(answer(&w, 1, PEERING AUDIO_ANSWER));
	assert_int_equal(media(&w).count, 0);
	w.peer[1].srtp = SRTP_REQUIRED;
	assert_refused(offer(&w, 0, CORE AUDIO), "SRTP required");
	world_free(&w);
}

static void test_early_clone_image(void **state)
{
	struct world w;
	struct plan_session *other, *back;
	uint8_t image[PLAN_IMAGE_MAX];
	uint32_t n, again_len;
	(void)state;

	world_init(&w);
	w.peer[1].srtp = SRTP_REQUIRED;
	assert_passes(offer(&w, 0, CORE AUDIO));
	assert_true(is_ok(plan_clone(w.s, &other)));
	assert_int_equal(plan_save(w.s, image, sizeof(image), &n).error, E_MISSING);
	sdp_write_init(&w.w, w.buf, sizeof(w.buf) - 1);
	const char *a = PEERING "m=audio 49172 RTP/SAVP 0\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 " KEY2 "\r\n";
	assert_passes(plan_early(other, &w.c, 1, bytes_of_string(a), &w.w));
	assert_true(plan_offer_pending(other));
	assert_passes(answer(&w, 1, a));
	assert_passes(answer(&w, 1, a)); // 200 repeats a reliable 183
	assert_refused(answer(&w, 1, PEERING AUDIO_ANSWER), "Answer without offer");
	plan_settle(w.s);
	assert_true(is_ok(plan_save(w.s, image, sizeof(image), &n)));
	assert_true(n < 300);
	assert_true(is_ok(plan_restore(&back, image, n)));
	struct media_plan m1, m2;
	plan_media(w.s, &w.c, &m1);
	plan_media(back, &w.c, &m2);
	assert_memory_equal(&m1, &m2, sizeof(m1));
	uint8_t again[PLAN_IMAGE_MAX];
	assert_true(is_ok(plan_save(back, again, sizeof(again), &again_len)));
	assert_int_equal(n, again_len);
	assert_memory_equal(image, again, n);
	plan_free(back);
	for (uint32_t cut = 0; cut < n; cut++) {
		assert_false(is_ok(plan_restore(&back, image, cut)));
		assert_null(back);
	}
	plan_free(other);
	world_free(&w);
}

// Forking: a second branch answers after the first one's answer was agreed, with another address and codec.
static void test_clone_after_answer(void **state)
{
	struct world w;
	struct plan_session *second;
	struct media_plan m;
	(void)state;

	world_init(&w);
	assert_passes(offer(&w, 0, CORE AUDIO));
	assert_passes(answer(&w, 1, PEERING AUDIO_ANSWER));
	assert_true(is_ok(plan_clone(w.s, &second)));
	assert_true(plan_offer_pending(second) && !plan_agreed(second));
	sdp_write_init(&w.w, w.buf, sizeof(w.buf) - 1);
	assert_passes(plan_answer(second, &w.c, 1, bytes_of_string(HEAD("192.0.2.77") "m=audio 6000 RTP/AVP 8\r\n"), &w.w));
	plan_media(second, &w.c, &m);
	assert_int_equal(m.stream[0].side[1].remote_rtp.port, 6000);
	assert_int_equal(m.stream[0].side[0].payload[0], 8);
	assert_int_equal(media(&w).stream[0].side[1].remote_rtp.port, 49172);
	plan_free(second);
	world_free(&w);
}

static void test_out_of_memory(void **state)
{
	struct world w;
	uint8_t streams;
	(void)state;

	world_init(&w);
	for (uint64_t nth = 1; nth <= 2; nth++) {
		memory_fail_nth(nth);
		assert_refused(plan_offer(w.s, &w.c, 0, bytes_of_string(CORE AUDIO), &streams), "Out of memory");
		memory_fail_nth(0);
	}
	assert_passes(offer(&w, 0, CORE AUDIO));
	for (uint64_t nth = 1; nth <= 3; nth++) {
		struct plan_session *copy;
		memory_fail_nth(nth);
		assert_int_equal(plan_clone(w.s, &copy).error, E_NO_MEMORY);
		memory_fail_nth(0);
	}
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_call), cmocka_unit_test(test_add), cmocka_unit_test(test_convert),
		cmocka_unit_test(test_pass_sdes), cmocka_unit_test(test_answers_refused),
		cmocka_unit_test(test_offers_refused), cmocka_unit_test(test_media_line_counts),
		cmocka_unit_test(test_hold), cmocka_unit_test(test_origin_versions), cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_addresses_removed), cmocka_unit_test(test_unanchored),
		cmocka_unit_test(test_early_clone_image), cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_clone_after_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
