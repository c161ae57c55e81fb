// SPDX-License-Identifier: Apache-2.0
// Each character class against the sets as RFC3261#25.1 spells them.
#include "support.h"
#include "wire/sip/octet.h"

#define ALPHANUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define MARK "-_.!~*'()"

static void is_exactly(unsigned class, const char *set)
{
	for (unsigned c = 0; c < 256; c++) {
		bool want = c != 0 && strchr(set, (int)c) != NULL;
		if (octet_in((uint8_t)c, class) != want)
			fail_msg("class 0x%x octet 0x%02x", class, c);
	}
}

static void classes(void **state)
{
	char text[256] = "";
	UNUSED(state);
	is_exactly(OCT_DIGIT, "0123456789");
	is_exactly(OCT_HEX, "0123456789abcdefABCDEF");
	is_exactly(OCT_ALPHA, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	is_exactly(OCT_TOKEN, ALPHANUM "-.!%*_+`'~");
	is_exactly(OCT_HOST, ALPHANUM "-.");
	is_exactly(OCT_WORD, ALPHANUM "-.!%*_+`'~()<>:\\\"/[]?{}");
	is_exactly(OCT_USER, ALPHANUM MARK "&=+$,;?/");
	is_exactly(OCT_PASS, ALPHANUM MARK "&=+$,");
	is_exactly(OCT_PARAM, ALPHANUM MARK "[]/:&+$");
	is_exactly(OCT_HVALUE, ALPHANUM MARK "[]/?:+$");
	is_exactly(OCT_URIC, ALPHANUM MARK ";/?:@&=+$,[]");
	is_exactly(OCT_WSP, " \t");
	for (unsigned c = 1; c < 256; c++)
		assert_int_equal(octet_in((uint8_t)c, OCT_INNER), c != ',' && c != '"' && c != '<');
	for (int c = 0x20, i = 0; c < 0x100; c++)
		if (c != '"' && c != '\\' && c != 0x7f)
			text[i++] = (char)c;
	text[strlen(text)] = '\t';
	is_exactly(OCT_QDTEXT, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(classes)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
