// SPDX-License-Identifier: Apache-2.0
// SDES that passes and that we could not authenticate is refused: several keys in a line, parameters that change packets,
// suites that we lack.
#include "plan_unit.h"

#define SDES_PLAIN "m=audio 49170 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY1 "\r\n"
#define SDES_ANSWER "m=audio 49172 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY2 "\r\n"

static struct media_stream stream_of(const struct world *w)
{
	struct media_plan m;

	plan_media(w->s, &w->c, &m);
	return m.stream[0];
}

// MF-I1: keys that we cannot authenticate with would switch the check off. Refused at the offer when nothing else was
// offered, at the answer when it chooses such a line; with a waiver they pass unseen.
static void test_unchecked(void **state)
{
	static const struct {
		const char *keys; // behind the suite and the first key
		bool refused;
	} row[] = {
		{"", false}, {"|1:4", false}, {"|2^20|7:128 WSH=128", false}, {" -hint", false},
		{"|1:4;" KEY3 "|2:4", true}, {"|4294967296:8", true}, {" KDR=4", true}, {" FEC_ORDER=SRTP_FEC", true}, {" NEW=1", true},
	};
	char text[1024], other[2 * sizeof(text)];
	struct world w;
	(void)state;

	for (int waived = 0; waived < 2; waived++)
		for (size_t i = 0; i < ARRAY_LEN(row); i++) {
			world_init(&w);
			w.peer[1].srtp = SRTP_REQUIRED;
			w.peer[1].waiver[CONTROL_SRTP].set = (uint8_t)waived;
			snprintf(text, sizeof(text), "%sm=audio 49170 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 %s%s\r\n", CORE,
				KEY1, row[i].keys);
			snprintf(other, sizeof(other), "%sa=crypto:2 AES_CM_128_HMAC_SHA1_32 %s\r\n", text, KEY1);
			if (row[i].refused && !waived) {
				assert_refused(offer(&w, 0, text), "SDES that cannot be checked");
				assert_passes(offer(&w, 0, other)); // the answer may choose the other key
				assert_refused(answer(&w, 1, PEERING SDES_ANSWER), "SDES that cannot be checked");
				assert_passes(answer(&w, 1, PEERING "m=audio 49172 RTP/SAVP 0\r\na=crypto:2 AES_CM_128_HMAC_SHA1_32 " KEY2
							   "\r\n"));
			} else {
				assert_passes(offer(&w, 0, text));
				assert_passes(answer(&w, 1, PEERING SDES_ANSWER));
			}
			assert_int_equal(stream_of(&w).opaque, row[i].refused && waived);
			assert_int_equal(w.c.waived, row[i].refused && waived ? 1u << CONTROL_SRTP : 0);
			world_free(&w);
		}
}

// An answerer's own line may do the same, and a suite that we do not know.
static void test_unchecked_answer(void **state)
{
	struct world w;
	(void)state;

	world_init(&w);
	assert_passes(offer(&w, 0, CORE SDES_PLAIN));
	assert_refused(answer(&w, 1, PEERING "m=audio 49172 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY2 " KDR=1\r\n"),
		"SDES that cannot be checked");
	assert_refused(offer(&w, 0, CORE "m=audio 49170 RTP/SAVP 0\r\na=crypto:1 F8_128_HMAC_SHA1_80 " KEY1 "\r\n"),
		"SDES that cannot be checked");
	w.peer[0].anchor = w.peer[1].anchor = 0; // nothing is checked of media that we do not carry
	assert_passes(offer(&w, 0, CORE "m=audio 49170 RTP/SAVP 0\r\na=crypto:1 F8_128_HMAC_SHA1_80 " KEY1 "\r\n"));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_unchecked), cmocka_unit_test(test_unchecked_answer)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
