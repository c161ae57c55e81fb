// SPDX-License-Identifier: Apache-2.0
// Offer and answer (RFC 3264): the examples of RFC 4317, and answers that do not fit.
#include "unit.h"

static struct sdp offer, answer;

static result check_lines(const char **why)
{
	struct sdp_outline o, a;

	for (uint8_t i = 0; i < offer.media_count; i++) {
		TRY(sdp_outline_make(&offer, i, &o));
		TRY(sdp_outline_make(&answer, i, &a));
		TRY(sdp_answer_check(&o, &a, why));
	}
	return OK;
}

static const char *check(const char *o, const char *a)
{
	struct sdp_fault fault;
	uint8_t *keep[2];
	const char *why = "";
	char text[2][2048];

	snprintf(text[0], sizeof(text[0]), "%s%s", HEAD, o);
	snprintf(text[1], sizeof(text[1]), "%s%s", HEAD, a);
	assert_true(is_ok(parse_text(&offer, text[0], &fault, &keep[0])));
	assert_true(is_ok(parse_text(&answer, text[1], &fault, &keep[1])));
	assert_int_equal(offer.media_count, answer.media_count);
	result r = check_lines(&why);
	free(keep[0]);
	free(keep[1]);
	return is_ok(r) ? "" : why;
}

#define AV "m=audio 49170 RTP/AVP 0 8 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:97 iLBC/8000\r\n" \
	"m=video 51372 RTP/AVP 31 32\r\na=rtpmap:31 H261/90000\r\na=rtpmap:32 MPV/90000\r\n"

static void test_rfc4317(void **state)
{
	(void)state;

	assert_string_equal(check(AV, "m=audio 49174 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 49170 RTP/AVP 32\r\n"
		"a=rtpmap:32 MPV/90000\r\n"), ""); // 2.1
	assert_string_equal(check(AV, "m=audio 49172 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
		"m=video 0 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n"), ""); // 2.2, its second stream rejected
	// 2.3: telephone-event on a line of its own, with another number in the answer
	assert_string_equal(check("m=audio 49170 RTP/AVP 0 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:97 iLBC/8000\r\n"
		"m=audio 49172 RTP/AVP 98\r\na=rtpmap:98 telephone-event/8000\r\na=sendonly\r\n",
		"m=audio 49172 RTP/AVP 97\r\na=rtpmap:97 iLBC/8000\r\nm=audio 49174 RTP/AVP 99\r\n"
		"a=rtpmap:99 telephone-event/8000\r\na=recvonly\r\n"), "");
	// 3.1 hold
	assert_string_equal(check("m=audio 49170 RTP/AVP 97\r\na=rtpmap:97 iLBC/8000\r\na=sendonly\r\n",
		"m=audio 49170 RTP/AVP 97\r\na=rtpmap:97 ilbc/8000\r\na=recvonly\r\n"), "");
}

static void test_unfit(void **state)
{
	static const char plain[] = "m=audio 9 RTP/AVP 0\r\n";
	(void)state;

	assert_string_equal(check(AV, "m=video 9 RTP/AVP 31\r\nm=audio 9 RTP/AVP 0\r\n"), "Answer changes media type");
	assert_string_equal(check(plain, "m=audio 9 RTP/SAVP 0\r\n"), "Answer changes media protocol");
	assert_string_equal(check(plain, "m=audio 9 RTP/AVP 8\r\n"), "Answer is no subset of the offer");
	assert_string_equal(check(plain, "m=audio 9 RTP/AVP 0 8\r\n"), "Answer is no subset of the offer");
	assert_string_equal(check("m=audio 0 RTP/AVP 0\r\n", plain), "Answer revives a rejected line");
	assert_string_equal(check("m=audio 9 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n",
		"m=audio 9 RTP/AVP 96\r\na=rtpmap:96 opus/48000\r\n"), "Answer is no subset of the offer");
	assert_string_equal(check("m=image 9 udptl t38\r\n", "m=image 9 udptl t38\r\n"), "");
	// a static number that its rtpmap makes another codec
	assert_string_equal(check(plain, "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 G729/8000\r\n"), "Answer is no subset of the offer");
}

static void test_directions(void **state)
{
	static const char *const name[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
	static const char fits[4][5] = {"yyyy", "nnyy", "nyny", "nnny"};
	(void)state;

	for (int o = 0; o < 4; o++)
		for (int a = 0; a < 4; a++) {
			char text[2][128];
			snprintf(text[0], sizeof(text[0]), "m=audio 9 RTP/AVP 0\r\na=%s\r\n", name[o]);
			snprintf(text[1], sizeof(text[1]), "m=audio 9 RTP/AVP 0\r\na=%s\r\n", name[a]);
			assert_int_equal(check(text[0], text[1])[0] == 0, fits[o][a] == 'y');
		}
}

static void test_outline_limit(void **state)
{
	char line[256] = "m=audio 9 RTP/AVP";
	struct sdp_fault fault;
	struct sdp_outline o;
	(void)state;

	for (int extra = 0; extra < 2; extra++) {
		char text[512];
		uint8_t *keep;
		while (strlen(line) < (size_t)(17 + 2 * (SDP_OUTLINE_FORMATS + extra)))
			snprintf(line + strlen(line), sizeof(line) - strlen(line), " 0");
		snprintf(text, sizeof(text), "%s%s\r\n", HEAD, line);
		assert_true(is_ok(parse_text(&offer, text, &fault, &keep)));
		assert_int_equal(sdp_outline_make(&offer, 0, &o).error, extra ? E_TOO_MANY : E_OK);
		free(keep);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4317), cmocka_unit_test(test_unfit), cmocka_unit_test(test_directions),
		cmocka_unit_test(test_outline_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
