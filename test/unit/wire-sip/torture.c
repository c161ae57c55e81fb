// SPDX-License-Identifier: Apache-2.0
// Every message of RFC 4475 and RFC 5118 against its written verdict in torture.tsv.
#include "support.h"

static void verdicts(void **state)
{
	static uint8_t raw[70000];
	FILE *f = torture_open();
	struct torture_row row;
	int rows = 0, wrong = 0;

	UNUSED(state);
	while (torture_next(f, &row)) {
		struct sip_msg m;
		struct sip_fault fault;
		uint32_t n = torture_read(row.name, raw, sizeof(raw));
		uint8_t *exact = malloc(n); // so that a read beyond the end is seen
		memcpy(exact, raw, n);
		result r = sip_msg_parse(&m, exact, n, &fault);
		if (is_ok(r))
			r = sip_msg_check_all(&m, &fault);
		const char *verdict = is_ok(r) ? "accept" : fault.answerable ? "reply" : "drop";
		if (strcmp(verdict, row.verdict) != 0 ||
			(!is_ok(r) && (fault.status != row.status || strcmp(fault.phrase, row.phrase) != 0))) {
			print_error("%s: %s %d %s\n", row.name, verdict, fault.status, fault.phrase ? fault.phrase : "-");
			wrong++;
		}
		free(exact);
		rows++;
	}
	fclose(f);
	assert_int_equal(wrong, 0);
	assert_int_equal(rows, 49 + 1 + 12); // RFC 4475, intmeth without its controls, RFC 5118
}

// Cutting a message anywhere, or turning any of its octets over, never does more than refuse it.
static void mutilated(void **state)
{
	static uint8_t raw[70000];
	FILE *f = torture_open();
	struct torture_row row;

	UNUSED(state);
	while (torture_next(f, &row)) {
		struct sip_msg m;
		struct sip_fault fault;
		uint32_t n = torture_read(row.name, raw, sizeof(raw));
		for (uint32_t i = 0; i < n; i++) {
			uint8_t *exact = malloc(i + 1);
			memcpy(exact, raw, i + 1);
			exact[i] = (uint8_t)(raw[i] ^ (1u << (i % 8)));
			result r = sip_msg_parse(&m, exact, i + 1, &fault);
			if (is_ok(r))
				r = sip_msg_check_all(&m, &fault);
			assert_true(is_ok(r) || fault.status >= 400);
			assert_true(is_ok(r) || fault.phrase != NULL);
			free(exact);
		}
	}
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts), cmocka_unit_test(mutilated)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
