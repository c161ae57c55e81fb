// SPDX-License-Identifier: Apache-2.0
// What the API answers, for people: aligned tables, one line a fact.
#include "admin/text.h"
#include "main/cli.h"

#include <string.h>

enum { LINE_MAX_ = 512 };

static void line(const char *name, const json_t *o, const char *key)
{
	char buf[32], clean[LINE_MAX_];
	printf("%-12s %s\n", name, text_terminal(cli_member(o, key, buf), clean, sizeof(clean)));
}

static void end_table(struct cli_table *t)
{
	if (!cli_table_end(t, stdout))
		fprintf(stderr, "sallyport: out of memory\n");
}

static void show_processes(const json_t *list)
{
	static const char *const title[] = {"PROCESS", "PID", "READY", "RESTARTS", "GENERATION"};
	struct cli_table t;
	size_t i;
	json_t *p;
	char pid[32], restarts[32], ready[32], generation[32];
	cli_table_begin(&t, title, ARRAY_LEN(title));
	json_array_foreach((json_t *)(uintptr_t)list, i, p)
		cli_table_row(&t, (const char *[]){cli_member(p, "name", pid), cli_member(p, "pid", pid),
			cli_member(p, "ready", ready), cli_member(p, "restarts", restarts),
			json_object_get(p, "generation") != NULL ? cli_member(p, "generation", generation) : "-"});
	end_table(&t);
}

static void show_controls(const json_t *peer)
{
	static const char *const title[] = {"  CONTROL", "STATE", "UNTIL", "HITS", "WHY"};
	struct cli_table t;
	size_t i;
	json_t *control;
	char hits[32], buf[32], name[64];
	cli_table_begin(&t, title, ARRAY_LEN(title));
	json_array_foreach(json_object_get(peer, "controls"), i, control) {
		snprintf(name, sizeof(name), "  %s", cli_member(control, "control", buf));
		cli_table_row(&t, (const char *[]){name, cli_member(control, "state", buf), cli_member(control, "until", buf),
			cli_member(control, "hits", hits), cli_member(control, "why", buf)});
	}
	end_table(&t);
}

static void show_peer(const json_t *peer)
{
	char buf[32], zone[64], service[64], why[LINE_MAX_], name[80];
	text_terminal(cli_member(peer, "name", buf), name, sizeof(name));
	text_terminal(cli_member(peer, "zone", buf), zone, sizeof(zone));
	text_terminal(cli_member(peer, "service", buf), service, sizeof(service));
	text_terminal(cli_member(peer, "why", buf), why, sizeof(why));
	printf("\npeer %s (zone %s): %s%s%s", name, zone, service, why[0] != '\0' ? ", " : "", why);
	if (json_object_get(peer, "concurrent_calls") != NULL) {
		char calls[32], refused[32];
		printf("; %s calls, %s refused", cli_member(peer, "concurrent_calls", calls),
			cli_member(peer, "refused", refused));
	}
	printf("\n");
	show_controls(peer);
}

static void show_missing(const json_t *status)
{
	size_t i;
	json_t *part;
	json_array_foreach(json_object_get(status, "missing"), i, part)
		printf("\nno answer about %s: a process is away or overloaded; see the log\n", json_string_value(part));
}

static void show_records(const json_t *records)
{
	char state[32], written[32], spilled[32], dropped[32], queued[32];
	printf("%-12s %s: %s written, %s spilled, %s dropped, %s queued\n", "records", cli_member(records, "state", state),
		cli_member(records, "written", written), cli_member(records, "spilled", spilled),
		cli_member(records, "dropped", dropped), cli_member(records, "queued", queued));
}

static bool is_alarm(const char *name, json_int_t value)
{
	return value > 0 && (strncmp(name, "alarm.", 6) == 0 || strcmp(name, "records.lost") == 0);
}

static void show_counters(const json_t *counters)
{
	const char *name;
	json_t *value;
	char clean[LINE_MAX_];
	json_object_foreach((json_t *)(uintptr_t)counters, name, value) {
		bool call = strncmp(name, "calls.", 6) == 0 || strncmp(name, "messages.", 9) == 0;
		if (call || is_alarm(name, json_integer_value(value)))
			printf("%-32s %" JSON_INTEGER_FORMAT "\n", text_terminal(name, clean, sizeof(clean)),
				json_integer_value(value));
	}
}

void cli_show_status(const json_t *status)
{
	size_t i;
	json_t *peer;
	line("version", status, "version");
	line("domain", status, "domain");
	line("generation", status, "generation");
	line("draining", status, "draining");
	show_records(json_object_get(status, "records"));
	printf("\n");
	show_processes(json_object_get(status, "processes"));
	printf("\n");
	show_counters(json_object_get(status, "counters"));
	json_array_foreach(json_object_get(status, "peers"), i, peer)
		show_peer(peer);
	show_missing(status);
}

static void show_demand(const json_t *all)
{
	size_t i;
	json_t *d;
	char slots[32], buf[32];
	json_array_foreach(all, i, d)
		printf("on demand below %s: %s of %s places taken\n", cli_member(d, "below", buf), cli_member(d, "taken", buf), cli_member(d, "slots", slots));
}

void cli_show_peers(const json_t *status)
{
	static const char *const title[] = {"PEER", "ZONE", "SERVICE", "CALLS", "REFUSED", "DOMAIN", "WHY"};
	struct cli_table t;
	size_t i;
	json_t *p;
	char calls[32], refused[32], buf[32];
	cli_table_begin(&t, title, ARRAY_LEN(title));
	json_array_foreach(json_object_get(status, "peers"), i, p)
		cli_table_row(&t, (const char *[]){cli_member(p, "name", buf), cli_member(p, "zone", buf),
			cli_member(p, "service", buf), cli_member(p, "concurrent_calls", calls),
			cli_member(p, "refused", refused), cli_member(p, "domain", buf), cli_member(p, "why", buf)});
	end_table(&t);
	show_demand(json_object_get(status, "on_demand"));
	show_missing(status);
}

static const json_t *leg(const json_t *call, size_t side)
{
	return json_array_get(json_object_get(call, "legs"), side);
}

void cli_show_calls(const json_t *o)
{
	static const char *const title[] = {"CALL-ID", "STATE", "FROM", "TO", "CALLER", "CALLED", "STARTED"};
	struct cli_table t;
	size_t i;
	json_t *c;
	char buf[32];
	cli_table_begin(&t, title, ARRAY_LEN(title));
	json_array_foreach(json_object_get(o, "calls"), i, c)
		cli_table_row(&t, (const char *[]){cli_member(leg(c, 0), "call_id", buf), cli_member(c, "state", buf),
			cli_member(c, "from", buf), cli_member(c, "to", buf), cli_member(leg(c, 0), "peer", buf),
			cli_member(leg(c, 1), "peer", buf), cli_member(c, "started", buf)});
	end_table(&t);
	if (json_object_get(o, "left_off") != NULL)
		printf("%s more are not shown\n", cli_member(o, "left_off", buf));
	if (json_is_true(json_object_get(o, "cut")))
		printf("the list is cut: there are more calls than one answer takes; `sallyport status` counts them\n");
}

void cli_show_steps(const json_t *o)
{
	static const char *const title[] = {"TIME", "STEP", "VERDICT", "STATUS", "REASON", "THREATS"};
	struct cli_table t;
	size_t i;
	json_t *s;
	char after[32], status[32], verdict[64], buf[32];
	cli_table_begin(&t, title, ARRAY_LEN(title));
	json_array_foreach(json_object_get(o, "steps"), i, s) {
		snprintf(after, sizeof(after), "+%" JSON_INTEGER_FORMAT " us", json_integer_value(json_object_get(s, "after_us")));
		snprintf(verdict, sizeof(verdict), "%s%s", cli_member(s, "verdict", buf),
			json_is_true(json_object_get(s, "shadow")) ? " (shadow)" : "");
		bool code = json_integer_value(json_object_get(s, "status")) != 0;
		cli_table_row(&t, (const char *[]){after, cli_member(s, "step", buf), verdict,
			code ? cli_member(s, "status", status) : "", cli_member(s, "reason", buf), cli_member(s, "threats", buf)});
	}
	end_table(&t);
}

static void show_stream(const json_t *s)
{
	char index[32], buf[32], a[LINE_MAX_], b[LINE_MAX_], codec[80];
	const json_t *sides = json_object_get(s, "sides");
	text_terminal(cli_member(json_array_get(sides, 0), "remote", buf), a, sizeof(a));
	text_terminal(cli_member(json_array_get(sides, 1), "remote", buf), b, sizeof(b));
	text_terminal(cli_member(s, "codec", buf), codec, sizeof(codec));
	printf("stream %s: %s, keying %s, codec %s, caller %s %s, called %s %s\n", cli_member(s, "index", index),
		json_is_true(json_object_get(s, "active")) ? "active" : "off", cli_member(s, "keying", buf), codec, a,
		json_string_value(json_object_get(json_array_get(sides, 0), "protection")), b,
		json_string_value(json_object_get(json_array_get(sides, 1), "protection")));
}

void cli_show_explain(const json_t *o)
{
	size_t i;
	json_t *s;
	const json_t *call = json_object_get(o, "call");
	line("call", leg(call, 0), "call_id");
	line("other leg", leg(call, 1), "call_id");
	line("caller", leg(call, 0), "peer");
	line("called", leg(call, 1), "peer");
	line("from", call, "from");
	line("to", call, "to");
	if (json_object_get(call, "state") != NULL)
		line("state", call, "state");
	line("started", call, "started");
	line("answered", call, "answered");
	if (json_object_get(call, "reason") != NULL) { // it is over
		line("ended", call, "ended");
		line("reason", call, "reason");
		line("released by", call, "released_by");
	}
	printf("\n");
	cli_show_steps(o);
	json_array_foreach(json_object_get(o, "streams"), i, s)
		show_stream(s);
}

void cli_show_lookup(const json_t *o)
{
	static const char *const title[] = {"PEER", "TRANSPORT", "ADDRESS", "LISTENER", "ORIGIN", "DEAD"};
	static const char *const lines[] = {"outcome", "number", "routing_number", "peer", "domain", "uri", "source", "verdict", "reason"};
	struct cli_table t;
	size_t i;
	json_t *h;
	char buf[32], clean[LINE_MAX_];
	json_array_foreach(json_object_get(o, "steps"), i, h)
		printf("%3zu  %s\n", i + 1, text_terminal(json_is_string(h) ? json_string_value(h) : "", clean, sizeof(clean)));
	for (i = 0; i < ARRAY_LEN(lines); i++)
		if (cli_member(o, lines[i], buf)[0] != '\0')
			line(lines[i], o, lines[i]);
	if (json_array_size(json_object_get(o, "hops")) == 0)
		return;
	cli_table_begin(&t, title, ARRAY_LEN(title));
	json_array_foreach(json_object_get(o, "hops"), i, h)
		cli_table_row(&t, (const char *[]){cli_member(h, "peer", buf), cli_member(h, "transport", buf), cli_member(h, "address", buf),
			cli_member(h, "listener", buf), cli_member(h, "origin", buf), cli_member(h, "dead", buf)});
	end_table(&t);
	json_array_foreach(json_object_get(o, "records"), i, h)
		printf("%s  %s\n", i == 0 ? "DNS" : "   ", text_terminal(json_is_string(h) ? json_string_value(h) : "", clean, sizeof(clean)));
}
