// SPDX-License-Identifier: Apache-2.0
// Substitution expressions: the grammar of RFC3402#3.2, POSIX patterns alone, every bound (LUF-I1, LUF-A3).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/enum/rewrite.h"

static void good(const char *expression, const char *expect)
{
	char out[REWRITE_URI_MAX];
	const char *why = "";
	result r = enum_rewrite(bytes_of_string(expression), "+442079460148", out, &why);

	if (!is_ok(r) || strcmp(out, expect) != 0)
		fail_msg("%s: %s: %s", expression, out, why);
}

static void bad(const char *expression, enum error expect)
{
	char out[REWRITE_URI_MAX];
	const char *why = NULL;
	result r = enum_rewrite(bytes_of_string(expression), "+442079460148", out, &why);

	if (r.error != expect)
		fail_msg("%s: %s, %s", expression, error_name(r.error), why);
	assert_string_equal(out, "");
	assert_non_null(why);
}

static void lawful(void **state)
{
	(void)state;
	good("!^.*$!sip:info@example.com!", "sip:info@example.com");
	good("!^\\+44(.*)$!sip:0\\1@example.com!", "sip:02079460148@example.com");
	good("!^(\\+442079460148)$!tel:\\1;npdi;rn=+4499!", "tel:+442079460148;npdi;rn=+4499");
	good("/^.*$/sip:a\\/b@x/i", "sip:a/b@x"); // an escaped delimiter
	good("|^\\+44([0-9]{2})([0-9]+)$|sip:\\2.\\1@x|", "sip:79460148.20@x");
	good("!^.+$!\\!x!", "!x");
	good("!^[+0-9]*$!sip:x!", "sip:x");
	good("!^(\\+1|\\+44)(.*)$!sip:\\2@x!", "sip:2079460148@x");
	good("!.*!sip:x!", "sip:x");
}

static void unlawful(void **state)
{
	static const char *const expressions[] = {"", "!", "!!", "!!!", "!a!!", "!!a!", "!^.*$!sip:x", "!^.*$!sip:x!g", "!^.*$!sip:x!ii",
		"!^.*$!sip:x!!", "i^.*$isip:xi", "1^.*$1sip:x1", "\\^.*$\\sip:x\\", " ^.*$ sip:x ",
		// constructs of PCRE, and what POSIX leaves open
		"!(?i)^.*$!x!", "!(?=.)^.*$!x!", "!(*LIMIT_MATCH=9999999).*!x!", "!(?<n>.*)!x!", "!(?R)!x!", "!\\d+!x!", "!\\p{L}!x!", "!\\x2b.*!x!",
		"!(.)\\1!x!", "!\\Q+\\E.*!x!", "!.*?!x!", "!.*+!x!", "!.**!x!", "!*a!x!", "!a|*!x!", "!(a!x!", "!a)!x!", "![a!x!", "![[:digit:]]!x!",
		"![\\d]!x!", "!a{2,1}!x!", "!a{!x!", "!{2}!x!", "!.*\\!x!", "!^*!x!",
		// replacements
		"!^.*$!\\0!", "!^(.*)$!\\2!", "!^(x)?.*$!\\1!", "!^.*$!sip:a b!", "!^.*$!sip:a\tb!", "!^.*$!sip:\xc3\xbc!"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(expressions); i++)
		bad(expressions[i], E_SYNTAX);
	bad("!^\\+49(.*)$!sip:\\1@x!", E_NOT_FOUND);
	bad("!^\\+44!sip:x!", E_NOT_FOUND); // a part of the number: the rest would be left in the URI
	bad("!2079460148$!sip:x!", E_NOT_FOUND);
	bad("!.{1,17}!x!", E_TOO_MANY);
	bad("!(.)(.)(.)(.)(.)(.)(.)(.)(.)(.).*!x!", E_TOO_MANY);
	assert_int_equal(pattern_check(BYTES("(.)(.)(.)(.)(.)(.)(.)(.)(.).*")).error, E_OK);
}

static void limits(void **state)
{
	char expression[800], out[REWRITE_URI_MAX];
	const char *why;

	(void)state;
	memset(expression, 0, sizeof(expression));
	memset(expression, '.', REWRITE_PATTERN_MAX + 1);
	assert_int_equal(pattern_check(bytes_make(expression, REWRITE_PATTERN_MAX)).error, E_OK);
	assert_int_equal(pattern_check(bytes_make(expression, REWRITE_PATTERN_MAX + 1)).error, E_TOO_LONG);
	memcpy(expression, "!.*!", 4);
	memset(expression + 4, 'x', REWRITE_URI_MAX);
	expression[4 + REWRITE_URI_MAX - 1] = '!';
	assert_true(is_ok(enum_rewrite(bytes_make(expression, 4 + REWRITE_URI_MAX), "+49", out, &why)));
	assert_int_equal(strlen(out), REWRITE_URI_MAX - 1);
	expression[4 + REWRITE_URI_MAX - 1] = 'x';
	expression[4 + REWRITE_URI_MAX] = '!';
	assert_int_equal(enum_rewrite(bytes_make(expression, 5 + REWRITE_URI_MAX), "+49", out, &why).error, E_TOO_LONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lawful), cmocka_unit_test(unlawful), cmocka_unit_test(limits)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
