// SPDX-License-Identifier: Apache-2.0
// main(): one row per sub-command.
#include "main/cli.h"

#include <string.h>

#ifdef SALLYPORT_AUDIT
int audit_main(int argc, char **argv); // src/audit
#endif

const struct cli_command cli_commands[] = {
	{"run", "--config FILE [--user USER]", "run in the foreground", 0, 0, "cu", cli_run},
	{"check", "CONFIG [--json]", "check a configuration: every error with its mend", 1, 1, "j", cli_check},
	{"status", "[--json]", "processes, peers and their controls", 0, 0, "csj", cli_status},
	{"calls", "[--json]", "calls under way", 0, 0, "csj", cli_calls},
	{"peers", "[--json]", "peers and their load", 0, 0, "csj", cli_peers},
	{"peer", "block|unblock NAME | import FILE|https://... --trust ANCHOR.pem [--name NAME] [--zone ZONE] [-o FILE]\n"
		"      [--certificate FILE --key FILE] [--config FILE]",
		"refuse new dialogs with a peer, or take them again; make a peer from the partner's profile", 2, 2, "csjoTNZCY", cli_peer},
	{"profile", "--for PEER --config FILE [-o FILE]", "what a peer needs to know of us, signed", 0, 0, "cAo", cli_profile},
	{"hangup", "CALL-ID", "end a call", 1, 1, "csj", cli_hangup},
	{"lookup", "NUMBER --from PEER [--json]", "which peer is responsible for a number, and where", 1, 1, "csjf", cli_lookup},
	{"route", "DOMAIN --from PEER [--json]", "which peer is responsible for a domain, and where", 1, 1, "csjf", cli_route},
	{"import", "FILE [--kind KIND] [--format csv|json] [--replace] [--skip-bad]", "rows into the registry's database, as one change set", 1, 1, "crjKFRb", cli_import},
	{"export", "[--kind KIND] [--format csv|json] [-o FILE]", "the rows of the registry's database", 0, 0, "crKFo", cli_export},
	{"diff", "FILE [--kind KIND] [--format csv|json] [--replace]", "what an import would change", 1, 1, "crjKFR", cli_diff},
	{"undo", "N", "take back change set N of the registry's database", 1, 1, "crj", cli_undo},
	{"journal", "[--json] | --verify", "change sets of the registry's database; is their chain whole?", 0, 0, "crjv", cli_journal},
	{"explain", "CALL-ID [--json]", "each gate that a call passed", 1, 1, "csj", cli_explain},
	{"dry-run", "FILE --from PEER [--json]", "what would happen to a message", 1, 1, "csjf", cli_dry_run},
	{"trace", "--peer NAME | --call CALL-ID [-o FILE] [--seconds N] | --off", "signalling as pcapng; --off stops it", 0, 0, "csjpkotx", cli_trace},
	{"luf", "publish --config FILE [--dry-run] [--out FOLDER] [--json]",
		"keep an ENUM zone in a name server; --out writes that server's configuration", 1, 1, "cjOn", cli_luf},
	{"reload", "", "read the configuration again", 0, 0, "csj", cli_reload},
	{"drain", "[--off]", "refuse new calls, or take them again", 0, 0, "csjx", cli_drain},
	{"dns-forwarder", "--config FILE", "print an unbound.conf for DNS over TLS", 0, 0, "c", cli_dns_forwarder},
	{"version", "[--json]", "print the version", 0, 0, "j", cli_version},
};
const uint32_t cli_command_count = ARRAY_LEN(cli_commands);

static int audit(int argc, char **argv)
{
#ifdef SALLYPORT_AUDIT
	return audit_main(argc, argv);
#else
	UNUSED(argc);
	UNUSED(argv);
	fprintf(stderr, "sallyport audit: this build has no audit; build it with src/audit\n");
	return CLI_FAILED;
#endif
}

int main(int argc, char **argv)
{
	struct cli c = {.program = "sallyport"};
	if (argc < 2) {
		cli_usage(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "audit") == 0)
		return audit(argc - 1, argv + 1);
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		cli_usage(stdout);
		return CLI_OK;
	}
	const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
	const struct cli_command *command = cli_find(name);
	if (command == NULL) {
		fprintf(stderr, "sallyport: there is no sub-command \"%.64s\"; see `sallyport help`\n", argv[1]);
		return CLI_USAGE;
	}
	return cli_parse(&c, command, argc - 2, argv + 2) ? command->run(&c) : CLI_USAGE;
}
