// SPDX-License-Identifier: Apache-2.0
// RFC7983#7: every first octet; RFC5761#4: every second one.
#include "../mf/unit_mf.h"

#include "wire/rtp/classify.h"

static enum datagram_kind expected(uint32_t first, uint32_t second)
{
	if (first <= 3)
		return DATAGRAM_STUN;
	if (first >= 16 && first <= 19)
		return DATAGRAM_ZRTP;
	if (first >= 20 && first <= 63)
		return DATAGRAM_DTLS;
	if (first >= 64 && first <= 79)
		return DATAGRAM_TURN;
	if (first >= 128 && first <= 191)
		return second >= 192 && second <= 223 ? DATAGRAM_RTCP : DATAGRAM_RTP;
	return DATAGRAM_OTHER;
}

static void every_octet(void **state)
{
	(void)state;
	for (uint32_t a = 0; a < 256; a++)
		for (uint32_t b = 0; b < 256; b++) {
			uint8_t buf[2] = {(uint8_t)a, (uint8_t)b};
			assert_int_equal(datagram_classify(buf, 2), expected(a, b));
		}
}

static void short_ones(void **state)
{
	uint8_t buf[1] = {0x80};

	(void)state;
	assert_int_equal(datagram_classify(buf, 0), DATAGRAM_OTHER);
	assert_int_equal(datagram_classify(buf, 1), DATAGRAM_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_octet), cmocka_unit_test(short_ones)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
