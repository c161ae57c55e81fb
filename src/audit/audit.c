// SPDX-License-Identifier: Apache-2.0
// The run: settings, refusal of targets, sockets of the three roles, one probe after the other, the report.
#include "audit/dns.h"
#include "base/clock.h"
#include "base/memory.h"

#include <signal.h>
#include <sys/random.h>

static const char *missing(const struct audit_settings *s, const struct audit_probe *p)
{
	if ((p->needs & AUDIT_NEEDS_CALLER) != 0 && s->caller.family == 0)
		return "--caller is needed: an address that the target knows as a peer";
	if ((p->needs & AUDIT_NEEDS_CALLED) != 0 && s->called.family == 0)
		return "--called is needed: an address of a peer to whom the target routes --to";
	if ((p->needs & AUDIT_NEEDS_STREAM) != 0 && s->stream.family == 0)
		return "--stream is needed: a TCP or TLS socket of the target";
	if ((p->needs & AUDIT_NEEDS_STRANGER) != 0 && s->stranger.family == 0)
		return "--stranger is needed: a local address that is no peer's";
	if ((p->needs & AUDIT_NEEDS_DNS) != 0 && s->dns.family == 0)
		return "--dns is needed: a local address at which the target asks for DNS";
	if ((p->needs & AUDIT_NEEDS_RESOLVED) != 0 && s->resolved.family == 0)
		return "--resolved is needed: an address of a peer that is found by DNS";
	if ((p->needs & AUDIT_NEEDS_SECURED) != 0 && s->secured.family == 0)
		return "--secured is needed: an address of a peer over TLS alone";
	if ((p->needs & AUDIT_NEEDS_SECURED) != 0 && (s->certificate[0] == '\0' || s->key[0] == '\0' ||
		s->false_certificate[0] == '\0' || s->false_key[0] == '\0'))
		return "--certificate, --key, --false-certificate and --false-key are needed";
	if ((p->needs & AUDIT_NEEDS_PORTAL) != 0 && s->portal.family == 0)
		return "--portal is needed: the HTTPS socket of the target's look-up service";
	return NULL;
}

static void probe_run(struct audit *a, const struct audit_probe *p, struct audit_result *r)
{
	*r = (struct audit_result){.verdict = AUDIT_V_HELD};
	const char *lack = missing(a->s, p);
	if (lack != NULL) {
		audit_say(r, AUDIT_V_SKIPPED, "%s", lack);
		return;
	}
	audit_begin(a);
	p->run(a, r);
	if (a->spent && r->verdict == AUDIT_V_HELD)
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the bound of packets or time was reached before the end");
	r->packets = a->packets;
	r->ms = (uint32_t)((clock_now().mono_us - a->began_us) / MS);
}

static int probes_run(struct audit *a)
{
	struct audit_result *results = memory_array(audit_probe_count, sizeof(*results));

	if (results == NULL)
		return AUDIT_FAILED;
	for (uint32_t i = 0; i < audit_probe_count; i++) {
		results[i].verdict = AUDIT_V_SKIPPED;
		if (!audit_selected(a->s, &audit_probes[i]))
			continue;
		probe_run(a, &audit_probes[i], &results[i]);
		if (!a->s->json)
			audit_report_row(stdout, &audit_probes[i], &results[i]);
	}
	if (a->s->json) {
		json_t *j = audit_report_json(a->s, audit_probes, results, audit_probe_count);
		if (j != NULL && json_dumpf(j, stdout, JSON_INDENT(2)) == 0)
			(void)fputc('\n', stdout); // a broken pipe shows in the exit of the reader
		json_decref(j);
	}
	int status = audit_report_exit(results, audit_probe_count);
	memory_free(results);
	return status;
}

static bool role_open(struct audit *a, enum audit_role role, const struct address *local, const char *name)
{
	char text[ADDRESS_TEXT_MAX];

	a->end[role].fd = -1;
	if (local->family == 0 || is_ok(audit_end_open(&a->end[role], local)))
		return true;
	fprintf(stderr, "sallyport audit: --%s %s cannot be bound; name an address of this machine and a free port\n",
		name, address_text(local, text));
	return false;
}

static bool target_refused(const struct audit_settings *s)
{
	const struct address *const all[] = {&s->target, &s->called_target, &s->stream, &s->portal};
	char text[ADDRESS_TEXT_MAX];

	for (uint32_t i = 0; i < ARRAY_LEN(all); i++) {
		bool same = address_same_host(all[i], &s->target); // a confirmation is for the host that it names
		if (all[i]->family == 0 || is_ok(audit_target_allowed(all[i], same ? s->own : "", s->name)))
			continue;
		fprintf(stderr, "sallyport audit: %s is neither loopback nor private%s%s\n", address_text(all[i], text),
			same ? "; if it is yours, confirm it: --i-own " : " nor the target's own host", same ? s->name : "");
		return true;
	}
	return false;
}

static int list_print(void)
{
	for (uint32_t i = 0; i < audit_probe_count; i++)
		printf("%-8s %-18s %s\n", audit_probes[i].threats, audit_probes[i].name, audit_probes[i].description);
	return AUDIT_HELD;
}

static bool dns_open(struct audit *a)
{
	if (a->s->dns.family == 0 || is_ok(audit_dns_open(&a->dns, a)))
		return true;
	fprintf(stderr, "sallyport audit: --dns cannot be bound; name an address of this machine and a port that is free for UDP and TCP\n");
	return false;
}

static int run(struct audit *a)
{
	const struct {
		const struct address *local;
		const char *name;
	} role[AUDIT_ROLES] = {{&a->s->caller, "caller"}, {&a->s->called, "called"}, {&a->s->stranger, "stranger"},
		{&a->s->resolved, "resolved"}, {&a->s->secured, "secured"}};
	int status = AUDIT_USAGE;
	bool open = getrandom(&a->run, sizeof(a->run), 0) == (ssize_t)sizeof(a->run);

	(void)signal(SIGPIPE, SIG_IGN); // connections that a target ends are what is hoped for
	for (uint32_t i = 0; i < AUDIT_ROLES; i++)
		open = role_open(a, (enum audit_role)i, role[i].local, role[i].name) && open;
	if (open && dns_open(a))
		status = probes_run(a);
	audit_dns_close(a->dns);
	for (uint32_t i = 0; i < AUDIT_ROLES; i++)
		audit_end_close(&a->end[i]);
	return status;
}

int audit_main(int argc, char **argv)
{
	struct audit_settings settings;
	struct audit a = {.s = &settings};

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			audit_usage(stdout);
			return AUDIT_HELD;
		}
	if (!is_ok(audit_options_read(argc, argv, &settings)))
		return AUDIT_USAGE;
	if (settings.list)
		return list_print();
	if (target_refused(&settings))
		return AUDIT_USAGE;
	a.random = settings.seed * 2685821657736338717ull + 1;
	return run(&a);
}
