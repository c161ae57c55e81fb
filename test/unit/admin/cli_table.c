// SPDX-License-Identifier: Apache-2.0
// Tables line up, and no cell drives the administrator's terminal (BE-5).
#include "unit.h"

#include "main/cli.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const title[] = {"CALL-ID", "STATE"};

static void columns_line_up(void **state)
{
	struct cli_table t;
	char *out = NULL;
	size_t n;
	(void)state;
	FILE *f = open_memstream(&out, &n);
	cli_table_begin(&t, title, 2);
	cli_table_row(&t, (const char *[]){"a", "x"});
	cli_table_row(&t, (const char *[]){"caf\xc3\xa9-long-one", NULL});
	assert_true(cli_table_end(&t, f));
	fclose(f);
	assert_string_equal(out, "CALL-ID        STATE\na              x\ncaf\xc3\xa9-long-one  \n");
	free(out);
}

static void hostile_cells(void **state)
{
	struct cli_table t;
	char *out = NULL;
	size_t n;
	char longest[1000];
	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	FILE *f = open_memstream(&out, &n);
	cli_table_begin(&t, title, 2);
	for (int i = 0; i < 100; i++) // grows
		cli_table_row(&t, (const char *[]){"\x1b]0;evil\x07\r\nroot:", longest});
	assert_true(cli_table_end(&t, f));
	fclose(f);
	assert_null(strpbrk(out, "\x1b\x07\r"));
	assert_non_null(strstr(out, "?]0;evil???root:  xxx"));
	assert_null(strstr(out, longest)); // cut
	free(out);
}

static void memory_runs_out(void **state)
{
	struct cli_table t;
	(void)state;
	FILE *f = fopen("/dev/null", "w");
	for (uint64_t i = 1; i <= 3; i++) {
		cli_table_begin(&t, title, 2);
		memory_fail_nth(i);
		cli_table_row(&t, (const char *[]){"a", "b"});
		cli_table_row(&t, (const char *[]){"a", "b"});
		assert_false(cli_table_end(&t, f));
		memory_fail_nth(0);
	}
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up),
		cmocka_unit_test(hostile_cells),
		cmocka_unit_test(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
