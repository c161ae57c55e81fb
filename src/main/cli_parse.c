// SPDX-License-Identifier: Apache-2.0
// Options of the command line: one row each; a sub-command names those that it takes.
#include "main/cli.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

struct option_row {
	char letter;       // in cli_command.options
	const char *name, *brief;
	bool value;        // a value follows
	size_t offset;     // of a const char *, or a bool, in struct cli
};

static const struct option_row rows[] = {
	{'c', "--config", "-c", true, offsetof(struct cli, config)},
	{'s', "--socket", "-s", true, offsetof(struct cli, socket)},
	{'u', "--user", NULL, true, offsetof(struct cli, user)},
	{'p', "--peer", NULL, true, offsetof(struct cli, peer)},
	{'k', "--call", NULL, true, offsetof(struct cli, call)},
	{'f', "--from", NULL, true, offsetof(struct cli, from)},
	{'o', "--output", "-o", true, offsetof(struct cli, output)},
	{'t', "--seconds", NULL, true, offsetof(struct cli, seconds)},
	{'A', "--for", NULL, true, offsetof(struct cli, made_for)},
	{'T', "--trust", NULL, true, offsetof(struct cli, trust)},
	{'N', "--name", NULL, true, offsetof(struct cli, name)},
	{'Z', "--zone", NULL, true, offsetof(struct cli, zone)},
	{'C', "--certificate", NULL, true, offsetof(struct cli, certificate)},
	{'Y', "--key", NULL, true, offsetof(struct cli, key)},
	{'j', "--json", NULL, false, offsetof(struct cli, json)},
	{'r', "--registry", NULL, true, offsetof(struct cli, registry)},
	{'K', "--kind", NULL, true, offsetof(struct cli, kind)},
	{'F', "--format", NULL, true, offsetof(struct cli, format)},
	{'b', "--skip-bad", NULL, false, offsetof(struct cli, skip_bad)},
	{'R', "--replace", NULL, false, offsetof(struct cli, replace)},
	{'v', "--verify", NULL, false, offsetof(struct cli, verify)},
	{'O', "--out", NULL, true, offsetof(struct cli, out)},
	{'n', "--dry-run", "-n", false, offsetof(struct cli, dry_run)},
	{'x', "--off", NULL, false, offsetof(struct cli, off)},
};

void cli_say(const struct cli *c, const char *format, ...)
{
	va_list list;
	fprintf(stderr, "%s %s: ", c->program, c->command);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

const struct cli_command *cli_find(const char *name)
{
	for (uint32_t i = 0; i < cli_command_count; i++)
		if (strcmp(cli_commands[i].name, name) == 0)
			return &cli_commands[i];
	return NULL;
}

void cli_usage(FILE *to)
{
	fprintf(to, "usage: sallyport SUB-COMMAND ...\n\n");
	for (uint32_t i = 0; i < cli_command_count; i++)
		fprintf(to, "  %s%s%s\n      %s\n", cli_commands[i].name, cli_commands[i].usage[0] != '\0' ? " " : "",
			cli_commands[i].usage, cli_commands[i].does);
	fprintf(to, "  audit TARGET\n      execute the threats against a lab target\n  help\n      this list\n\n"
		"Those that speak to a running sallyport find it by --socket PATH or --config FILE.\n"
		"Exit status: 0 done, 1 refused or not found, 2 wrong usage, 3 no sallyport answers.\n");
}

static const struct option_row *row_of(const char *text)
{
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = strlen(rows[i].name);
		if (strcmp(text, rows[i].name) == 0 || (rows[i].brief != NULL && strcmp(text, rows[i].brief) == 0) ||
			(rows[i].value && strncmp(text, rows[i].name, n) == 0 && text[n] == '='))
			return &rows[i];
	}
	return NULL;
}

static bool set_option(struct cli *c, const struct option_row *row, const char *text, const char *next, int *used)
{
	char *field = (char *)c + row->offset;
	const char *equals = strchr(text, '=');
	const char *value = equals != NULL ? equals + 1 : next;
	*used = row->value && equals == NULL ? 2 : 1;
	if (!row->value) {
		*(bool *)(void *)field = true;
		return true;
	}
	const char **to = (const char **)(void *)field;
	if (value == NULL || value[0] == '\0' || *to != NULL) {
		cli_say(c, "%s %s", row->name, *to != NULL ? "stands twice; give it once" : "has no value; write one after it");
		return false;
	}
	*to = value;
	return true;
}

static bool parse_word(struct cli *c, const struct cli_command *command, const char *text, const char *next, int *used)
{
	*used = 1;
	if (text[0] != '-' || text[1] == '\0') {
		if (c->arguments < CLI_ARGUMENTS_MAX)
			c->argument[c->arguments] = text;
		c->arguments++;
		return true;
	}
	const struct option_row *row = row_of(text);
	if (row == NULL || strchr(command->options, row->letter) == NULL) {
		cli_say(c, "option %.64s is not known here; usage: sallyport %s %s", text, command->name, command->usage);
		return false;
	}
	return set_option(c, row, text, next, used);
}

bool cli_parse(struct cli *c, const struct cli_command *command, int argc, char **argv)
{
	bool plain = false; // after "--": a Call-ID may begin with '-'
	c->command = command->name;
	for (int i = 0, used = 1; i < argc; i += used) {
		used = 1;
		if (!plain && strcmp(argv[i], "--") == 0)
			plain = true;
		else if (plain && c->arguments < CLI_ARGUMENTS_MAX)
			c->argument[c->arguments++] = argv[i];
		else if (!parse_word(c, command, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used))
			return false;
	}
	if (c->arguments >= command->least && c->arguments <= command->most)
		return true;
	cli_say(c, "%s; usage: sallyport %s %s", c->arguments < command->least ? "something is missing" : "too much is given",
		command->name, command->usage);
	return false;
}
