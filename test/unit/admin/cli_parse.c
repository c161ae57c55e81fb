// SPDX-License-Identifier: Apache-2.0
// The command line: what is taken, and what is refused with a word about it.
#include "unit.h"

#include "main/cli.h"

#include <string.h>
#include <unistd.h>

static int run_h(const struct cli *c)
{
	(void)c;
	return 0;
}

const struct cli_command cli_commands[] = {
	{"trace", "...", "...", 0, 0, "sjpkot", run_h},
	{"hangup", "CALL-ID", "...", 1, 1, "csj", run_h},
	{"drain", "[--off]", "...", 0, 0, "csjx", run_h},
};
const uint32_t cli_command_count = ARRAY_LEN(cli_commands);

static bool parse(struct cli *c, const char *name, int n, const char **words)
{
	char *argv[8];
	for (int i = 0; i < n; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	*c = (struct cli){.program = "sallyport"};
	return cli_parse(c, cli_find(name), n, argv);
}

#define PARSE(c, name, ...)                                                                                  \
	parse(c, name, (int)ARRAY_LEN(((const char *[]){__VA_ARGS__})), (const char *[]){__VA_ARGS__})

static void taken(void **state)
{
	struct cli c;
	(void)state;
	assert_true(PARSE(&c, "hangup", "abc@host", "--socket", "/x", "--json"));
	assert_string_equal(c.argument[0], "abc@host");
	assert_string_equal(c.socket, "/x");
	assert_true(c.json);
	assert_true(PARSE(&c, "hangup", "--socket=/y", "abc"));
	assert_string_equal(c.socket, "/y");
	assert_true(PARSE(&c, "trace", "--peer", "b", "-o", "-"));
	assert_string_equal(c.output, "-");
	assert_true(PARSE(&c, "drain", "--off"));
	assert_true(c.off);
	assert_true(PARSE(&c, "hangup", "--", "--json")); // a Call-ID like an option
	assert_string_equal(c.argument[0], "--json");
	assert_false(c.json);
}

static void refused(void **state)
{
	struct cli c;
	(void)state;
	assert_true(PARSE(&c, "drain", "--json"));
	assert_false(PARSE(&c, "hangup", "--json"));            // nothing to hang up
	assert_false(PARSE(&c, "hangup", "a", "b"));            // too much
	assert_false(PARSE(&c, "hangup", "a", "--off"));        // of another sub-command
	assert_false(PARSE(&c, "hangup", "a", "--socket"));     // no value
	assert_false(PARSE(&c, "hangup", "a", "--socket="));
	assert_false(PARSE(&c, "hangup", "a", "-s", "x", "-s", "y"));
	assert_false(PARSE(&c, "hangup", "a", "--nonsense"));
	assert_false(PARSE(&c, "hangup", "a", "b", "c", "d", "e", "f", "g", "h"));
	assert_false(PARSE(&c, "hangup", "--", "a", "b", "c", "d", "e", "f"));
	assert_null(cli_find("none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(refused),
	};
	close(STDERR_FILENO); // the words are for people
	return cmocka_run_group_tests(tests, NULL, NULL);
}
