// SPDX-License-Identifier: Apache-2.0
// Settings of an audit: one row per option, the same names on the command line ("--name value") and in the file of
// --config ("name: value"). What stands on the command line wins.
#include "audit/audit.h"
#include "base/memory.h"
#include "conf/tree.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

enum { FILE_MAX = 16384 }; // [octets] of --config: forty short lines

enum kind { KIND_ADDRESS, KIND_NUMBER, KIND_TEXT, KIND_SEED, KIND_FLAG };

struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	uint32_t least, most; // of numbers; of text, MOST is its room in octets
	const char *value, *does;
};

#define AT(field) offsetof(struct audit_settings, field)

static const struct row rows[] = {
	{"target", KIND_ADDRESS, AT(target), 0, 0, "HOST:PORT", "UDP socket of the target that faces the caller"},
	{"called-target", KIND_ADDRESS, AT(called_target), 0, 0, "HOST:PORT",
		"the one that faces the called side (default: the target)"},
	{"stream", KIND_ADDRESS, AT(stream), 0, 0, "HOST:PORT", "TCP or TLS socket of the target, for SF-A6"},
	{"caller", KIND_ADDRESS, AT(caller), 0, 0, "HOST:PORT", "local address that the target knows as a peer"},
	{"called", KIND_ADDRESS, AT(called), 0, 0, "HOST:PORT", "local address of a second peer, to whom calls are routed"},
	{"stranger", KIND_ADDRESS, AT(stranger), 0, 0, "HOST:PORT", "local address that is no peer's"},
	{"dns", KIND_ADDRESS, AT(dns), 0, 0, "HOST:PORT", "local address of the DNS server that the target asks: the audit plays it"},
	{"apex", KIND_TEXT, AT(apex), 1, AUDIT_TEXT_MAX, "NAME", "ENUM tree that the target asks (default: e164.audit.example)"},
	{"signed-apex", KIND_TEXT, AT(signed_apex), 1, AUDIT_TEXT_MAX, "NAME",
		"ENUM tree for which it requires DNSSEC, asked after the other (default: e164.signed.example)"},
	{"looked-up", KIND_TEXT, AT(prefix), 1, AUDIT_PREFIX_MAX, "PREFIX", "of numbers that it knows by ENUM alone (default: +4977)"},
	{"resolved", KIND_ADDRESS, AT(resolved), 0, 0, "HOST:PORT", "local address of a peer that is found by DNS, over UDP"},
	{"resolved-domain", KIND_TEXT, AT(resolved_domain), 1, AUDIT_TEXT_MAX, "NAME", "its domain (default: resolved.example)"},
	{"secured", KIND_ADDRESS, AT(secured), 0, 0, "HOST:PORT", "the same of a peer over TLS alone, which may ask the portal"},
	{"secured-domain", KIND_TEXT, AT(secured_domain), 1, AUDIT_TEXT_MAX, "NAME", "its domain (default: secured.example)"},
	{"certificate", KIND_TEXT, AT(certificate), 1, AUDIT_PATH_MAX, "FILE", "PEM, of the secured peer"},
	{"key", KIND_TEXT, AT(key), 1, AUDIT_PATH_MAX, "FILE", "its private key"},
	{"false-certificate", KIND_TEXT, AT(false_certificate), 1, AUDIT_PATH_MAX, "FILE", "PEM, of the same authority for another name"},
	{"false-key", KIND_TEXT, AT(false_key), 1, AUDIT_PATH_MAX, "FILE", "its private key"},
	{"portal", KIND_ADDRESS, AT(portal), 0, 0, "HOST:PORT", "HTTPS socket of the target's look-up service"},
	{"from", KIND_TEXT, AT(from), 1, AUDIT_TEXT_MAX, "NUMBER", "a number that the caller may call from"},
	{"to", KIND_TEXT, AT(to), 1, AUDIT_TEXT_MAX, "NUMBER", "a number that is routed to the called side"},
	{"domain", KIND_TEXT, AT(domain), 1, AUDIT_TEXT_MAX, "NAME", "host in our URIs (default: the target's address)"},
	{"only", KIND_TEXT, AT(only), 1, AUDIT_ONLY_MAX, "LIST", "threats or probes to try, divided by commas (default: all)"},
	{"i-own", KIND_TEXT, AT(own), 1, AUDIT_TEXT_MAX, "NAME", "confirm that a public target, written as NAME, is yours"},
	{"seed", KIND_SEED, AT(seed), 0, 0, "N", "of mutations and guesses (default: 1)"},
	{"rate", KIND_NUMBER, AT(rate), 1, AUDIT_RATE_MAX, "N", "packets a second (default: 200, at most 1000)"},
	{"packets", KIND_NUMBER, AT(packets), 1, AUDIT_PACKETS_MAX, "N", "of one probe (default and at most 5000)"},
	{"seconds", KIND_NUMBER, AT(seconds), 1, AUDIT_PROBE_SECONDS_MAX, "N", "of one probe (default: 60, at most 300)"},
	{"connections", KIND_NUMBER, AT(connections), 2, AUDIT_CONNECTIONS_MAX, "N",
		"that no target should take from one source (default: 128)"},
	{"deadline", KIND_NUMBER, AT(deadline_s), 1, AUDIT_PROBE_SECONDS_MAX, "N",
		"seconds within which a useless connection must end (default: 40)"},
	{"json", KIND_FLAG, AT(json), 0, 0, NULL, "print the report as JSON"},
	{"list", KIND_FLAG, AT(list), 0, 0, NULL, "print the probes and end"},
};

static const struct row *row_of(const char *name)
{
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static bool number_of(const char *text, uint64_t most, uint64_t *out)
{
	char *end = NULL;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *out <= most;
}

// Text goes into SIP messages as it is: graphic ASCII without delimiters.
static bool text_is_plain(const char *text, uint32_t room)
{
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 127 || strchr("<>\"@;?\\", *c) != NULL)
			return false;
	return text[0] != '\0' && strlen(text) < room;
}

// "udp:" in front is welcome, as Sallyport's own configuration writes it.
static bool address_of(const char *text, struct address *out)
{
	static const char *const prefixes[] = {"udp:", "tcp:", "tls:"};

	for (uint32_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strncmp(text, prefixes[i], 4) == 0) {
			text += 4;
			break;
		}
	return is_ok(address_parse(bytes_of_string(text), out)) ||
		is_ok(address_parse_host(bytes_of_string(text), 5060, out));
}

result audit_option_set(struct audit_settings *s, const char *name, const char *value, const char **why)
{
	const struct row *row = row_of(name);
	uint64_t n = 0;

	*why = "there is no such option";
	REQUIRE(row != NULL, E_CONFIG);
	uint8_t *at = (uint8_t *)s + row->offset;
	switch (row->kind) {
	case KIND_ADDRESS:
		*why = "write a numeric address and port, like 127.0.0.1:5060 or [fd00::1]:5060";
		REQUIRE(address_of(value, (struct address *)(void *)at), E_CONFIG);
		break;
	case KIND_NUMBER:
		*why = "write a whole number within the bounds that --help prints";
		REQUIRE(number_of(value, row->most, &n) && n >= row->least, E_CONFIG);
		*(uint32_t *)(void *)at = (uint32_t)n;
		break;
	case KIND_SEED:
		*why = "write a whole number";
		REQUIRE(number_of(value, UINT64_MAX, &n), E_CONFIG);
		*(uint64_t *)(void *)at = n;
		break;
	case KIND_TEXT:
		*why = "write short graphic ASCII, without <>\"@;?\\";
		REQUIRE(text_is_plain(value, row->most), E_CONFIG);
		memcpy(at, value, strlen(value) + 1);
		break;
	case KIND_FLAG:
		*why = "write yes or no";
		REQUIRE(strcmp(value, "yes") == 0 || strcmp(value, "no") == 0, E_CONFIG);
		*(bool *)at = value[0] == 'y';
		break;
	}
	*why = NULL;
	return OK;
}

static result file_apply(struct audit_settings *s, const char *path, const struct conf_node *root)
{
	const char *why = NULL;

	if (root == NULL || root->kind != TREE_MAP) {
		fprintf(stderr, "%s: lines of \"name: value\" are expected; see doc/audit.md\n", path);
		return FAIL(E_CONFIG);
	}
	for (const struct conf_node *n = root->first; n != NULL; n = n->next) {
		const char *key = n->key != NULL ? n->key->text : "?";
		if (n->kind != TREE_SCALAR || !is_ok(audit_option_set(s, key, n->text, &why))) {
			fprintf(stderr, "%s:%u:%u: %.64s: %s\n", path, n->line, n->column, key,
				n->kind != TREE_SCALAR ? "one value is expected" : why);
			return FAIL(E_CONFIG);
		}
		if (strcmp(key, "target") == 0)
			(void)snprintf(s->name, sizeof(s->name), "%.120s", n->text);
	}
	return OK;
}

static result file_read(struct audit_settings *s, const char *path)
{
	char *text = memory_alloc(FILE_MAX);
	struct conf_messages messages = {0};
	struct conf_tree tree = {0};
	FILE *f = text != NULL ? fopen(path, "r") : NULL;

	if (f == NULL) {
		fprintf(stderr, "sallyport audit: %s cannot be read; name a file of \"name: value\" lines\n", path);
		memory_free(text);
		return FAIL(E_CONFIG);
	}
	size_t n = fread(text, 1, FILE_MAX, f);
	(void)fclose(f); // only read
	result r = n < FILE_MAX ? conf_tree_parse(&tree, bytes_make(text, n), &messages) : FAIL(E_TOO_LONG);
	if (is_ok(r))
		r = file_apply(s, path, tree.root);
	else if (messages.count > 0)
		fprintf(stderr, "%s:%u:%u: %s\n", path, messages.list[0].line, messages.list[0].column,
			messages.list[0].text);
	else
		fprintf(stderr, "%s: it is no mapping of at most %u octets\n", path, (unsigned)FILE_MAX);
	memory_free(messages.list);
	conf_tree_free(&tree);
	memory_free(text);
	return is_ok(r) ? OK : FAIL(E_CONFIG);
}

static void defaults(struct audit_settings *s)
{
	*s = (struct audit_settings){.seed = 1, .rate = AUDIT_RATE_DEFAULT, .packets = AUDIT_PACKETS_MAX,
		.seconds = AUDIT_PROBE_SECONDS, .connections = AUDIT_CONNECTIONS_DEFAULT,
		.deadline_s = AUDIT_DEADLINE_DEFAULT_S, .apex = "e164.audit.example",
		.signed_apex = "e164.signed.example", .prefix = "+4977", .resolved_domain = "resolved.example",
		.secured_domain = "secured.example", .from = "+15550100", .to = "+15550199"};
}

static result say(const char *what, const char *why)
{
	fprintf(stderr, "sallyport audit: %.128s: %s\n", what, why);
	return FAIL(E_CONFIG);
}

// Walk the options; FILES: only --config, else all but that.
static result walk(int argc, char **argv, struct audit_settings *s, bool files)
{
	const char *why = NULL;

	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		if (strncmp(arg, "--", 2) != 0) {
			if (!files && !is_ok(audit_option_set(s, "target", arg, &why)))
				return say(arg, why);
			(void)snprintf(s->name, sizeof(s->name), "%.120s", arg);
			continue;
		}
		bool config = strcmp(arg, "--config") == 0;
		const struct row *row = row_of(arg + 2);
		if (!config && row == NULL)
			return say(arg, "there is no such option; see `sallyport audit --help`");
		bool flag = !config && row->kind == KIND_FLAG;
		if (!flag && i + 1 >= argc)
			return say(arg, "a value must follow");
		const char *value = flag ? "yes" : argv[++i];
		if (config && files)
			TRY(file_read(s, value));
		if (!config && !files && !is_ok(audit_option_set(s, arg + 2, value, &why)))
			return say(arg, why);
	}
	return OK;
}

// On the loopback network any host is free to be a stranger.
static result stranger_choose(struct audit_settings *s)
{
	if (s->stranger.family == 0 && s->target.family == 4 && address_classify(&s->target) == ADDRESS_LOOPBACK) {
		s->stranger = (struct address){.family = 4};
		memcpy(s->stranger.ip, (const uint8_t[]){127, 66, 6, 6}, 4);
	}
	if (s->stranger.family != 0 &&
		(address_same_host(&s->stranger, &s->caller) || address_same_host(&s->stranger, &s->called)))
		return say("--stranger", "a stranger has another host than the peers, or he is one of them");
	return OK;
}

result audit_options_read(int argc, char **argv, struct audit_settings *s)
{
	char text[ADDRESS_TEXT_MAX];

	defaults(s);
	TRY(walk(argc, argv, s, true));
	TRY(walk(argc, argv, s, false));
	if (s->list)
		return OK;
	if (s->target.family == 0)
		return say("TARGET", "is missing; write the address and port of the target's UDP socket");
	TRY(stranger_choose(s));
	if (s->called_target.family == 0)
		s->called_target = s->target;
	if (s->domain[0] == '\0') {
		(void)address_host_text(&s->target, text); // its length is not needed
		(void)snprintf(s->domain, sizeof(s->domain), "%s", text);
	}
	return OK;
}

void audit_usage(FILE *to)
{
	fprintf(to, "usage: sallyport audit TARGET [--config FILE] [options] [--json]\n\n"
		"Executes the threats of RFC 6404 against a laboratory target and prints what held.\n\n");
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++)
		fprintf(to, "  --%s%s%s\n      %s\n", rows[i].name, rows[i].value != NULL ? " " : "",
			rows[i].value != NULL ? rows[i].value : "", rows[i].does);
	fprintf(to, "\nExit status: 0 nothing failed, 1 something failed or nothing could be tried, 2 wrong usage\n"
		"or a target that is neither loopback, private nor confirmed.\n");
}
