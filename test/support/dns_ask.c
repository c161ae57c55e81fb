// SPDX-License-Identifier: Apache-2.0
// The resolver layer (src/dns) alone, for tests against real and hostile servers: questions on standard input, answers as JSON lines.
//
//   dns-ask [-u ADDRESS:PORT]... [-a ANCHORS] [-p SUFFIX=required|off]... [-o SUFFIX]... [-s STALE_S] [-c strangers|peers]
//           [-f FOLDER] [-d HOLDDOWN_S]     follow the anchors by RFC 5011
//   NAME TYPE-NUMBER DEADLINE_MS      one question a line; "counters" prints the counters; "again" configures anew
#include "dns/resolver.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ANCHORS_MAX = 65536, LINE_ROOM = 1024 };

struct tool {
	struct event_base *base;
	struct dns_resolver *resolver;
	struct dns_settings settings;
	uint8_t anchors[ANCHORS_MAX];
	size_t anchors_len;
	struct evbuffer *input;
	uint32_t waiting;
	enum dns_class class;
	const char *folder;
	uint32_t holddown_s;
	bool ended;
};

static void leave_when_done(struct tool *t)
{
	if (t->ended && t->waiting == 0)
		event_base_loopexit(t->base, NULL);
}

static void print(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);
	printf("%s\n", text);
	fflush(stdout);
	free(text);
	json_decref(o);
}

static void answer_h(void *ctx, const struct dns_answer *a)
{
	static const char *const outcomes[] = {"found", "nodata", "nxdomain", "servfail", "timeout", "refused"};
	static const char *const verdicts[] = {"insecure", "secure", "bogus"};
	struct tool *t = ctx;
	json_t *list = json_array();
	for (uint32_t i = 0; i < a->count; i++) {
		struct bytes b = dns_record(a, i);
		char hex[2 * DNS_RDATA_MAX + 1] = "";
		for (size_t k = 0; k < b.len; k++)
			snprintf(hex + 2 * k, 3, "%02x", b.at[k]);
		json_array_append_new(list, json_string(hex));
	}
	print(json_pack("{s:s, s:i, s:s, s:s, s:b, s:b, s:i, s:s%, s:o}", "name", a->question.name, "type", (int)a->question.type,
		"outcome", outcomes[a->outcome], "verdict", verdicts[a->verdict], "stale", a->stale, "cut", a->cut, "ttl", (int)a->ttl_s,
		"reason", a->reason, strlen(a->reason), "records", list));
	t->waiting--;
	leave_when_done(t);
}

static void counters(const struct tool *t)
{
	const struct dns_counters *c = dns_resolver_counters(t->resolver);
	print(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "asked", (json_int_t)c->asked, "from_cache", (json_int_t)c->from_cache,
		"coalesced", (json_int_t)c->coalesced, "refused_rate", (json_int_t)c->refused_rate, "refused_budget",
		(json_int_t)c->refused_budget, "bogus", (json_int_t)c->bogus, "stale", (json_int_t)c->stale, "under_way",
		(int)dns_resolver_under_way(t->resolver)));
}

static void question(struct tool *t, const char *text)
{
	struct dns_question q = {.type = 0};
	size_t n = strcspn(text, " ");
	char *rest = NULL;
	if (n >= sizeof(q.name))
		exit(2);
	memcpy(q.name, text, n);
	q.type = (uint16_t)strtoul(text + n, &rest, 10);
	t->waiting++;
	dns_ask(t->resolver, &q, (uint32_t)strtoul(rest, NULL, 10), t->class, answer_h, t);
}

static void line(struct tool *t, const char *text)
{
	if (strcmp(text, "counters") == 0) {
		counters(t);
	} else if (strcmp(text, "again") == 0) {
		if (!is_ok(dns_resolver_configure(t->resolver, &t->settings, bytes_make(t->anchors, t->anchors_len))))
			exit(3);
	} else {
		question(t, text);
	}
}

static void input_h(int fd, short what, void *arg)
{
	struct tool *t = arg;
	char *text;
	UNUSED(what);
	t->ended = evbuffer_read(t->input, fd, LINE_ROOM * 64) <= 0;
	while ((text = evbuffer_readln(t->input, NULL, EVBUFFER_EOL_LF)) != NULL) {
		line(t, text);
		free(text);
	}
	if (t->ended)
		event_base_loopbreak(t->base);
}

static void policy(struct tool *t, char *text)
{
	char *word = strchr(text, '=');
	if (word == NULL || t->settings.policy_count == DNS_POLICIES_MAX)
		exit(2);
	*word++ = '\0';
	struct dns_policy *p = &t->settings.policy[t->settings.policy_count++];
	snprintf(p->suffix, sizeof(p->suffix), "%s", strcmp(text, ".") == 0 ? "" : text);
	p->dnssec = strcmp(word, "required") == 0 ? DNSSEC_REQUIRED : DNSSEC_OFF;
}

static void read_anchors(struct tool *t, const char *path)
{
	FILE *f = fopen(path, "r");
	if (f == NULL)
		exit(2);
	t->anchors_len = fread(t->anchors, 1, sizeof(t->anchors), f);
	fclose(f);
}

static void options(struct tool *t, int argc, char **argv)
{
	int o;
	while ((o = getopt(argc, argv, "u:a:p:o:s:c:f:d:")) != -1) {
		if (o == 'u' && t->settings.upstream_count < DNS_UPSTREAMS_MAX &&
			is_ok(address_parse(bytes_of_string(optarg), &t->settings.upstream[t->settings.upstream_count])))
			t->settings.upstream_count++;
		else if (o == 'a')
			read_anchors(t, optarg);
		else if (o == 'p')
			policy(t, optarg);
		else if (o == 'o' && t->settings.only_count < DNS_ONLY_MAX)
			snprintf(t->settings.only[t->settings.only_count++], DOMAIN_MAX, "%s", optarg);
		else if (o == 's')
			t->settings.stale_s = (uint32_t)strtoul(optarg, NULL, 10);
		else if (o == 'f')
			t->folder = optarg;
		else if (o == 'd')
			t->holddown_s = (uint32_t)strtoul(optarg, NULL, 10);
		else if (o == 'c')
			t->class = strcmp(optarg, "peers") == 0 ? DNS_FOR_PEERS : DNS_FOR_STRANGERS;
		else
			exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct tool t;
	t.base = event_base_new();
	t.input = evbuffer_new();
	options(&t, argc, argv);
	if (!is_ok(dns_resolver_new(&t.resolver, t.base, &t.settings, bytes_make(t.anchors, t.anchors_len))))
		return 3;
	if (t.folder != NULL && (!is_ok(dns_resolver_follow(t.resolver, t.folder, t.holddown_s)) ||
					!is_ok(dns_resolver_configure(t.resolver, &t.settings, bytes_make(t.anchors, t.anchors_len)))))
		return 3;
	evutil_make_socket_nonblocking(0);
	struct event *input = event_new(t.base, 0, EV_READ | EV_PERSIST, input_h, &t);
	event_add(input, NULL);
	event_base_dispatch(t.base);
	event_free(input);
	if (t.waiting > 0)
		event_base_dispatch(t.base);
	dns_resolver_free(t.resolver);
	evbuffer_free(t.input);
	event_base_free(t.base);
	return 0;
}
