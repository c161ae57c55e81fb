// SPDX-License-Identifier: Apache-2.0
// The configuration goes through a file that exists in memory alone: ub_ctx_set_option() takes some options without effect.
#include "dns/library.h"

#include "base/log.h"
#include "base/memory.h"
#include "dns/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ANCHOR_MAX = 4096 }; // [octets] one line: a DNSKEY of RSA with 4096 bit and its name

static const char fixed[] =
	"server:\n"
	" verbosity: 0\n"
	" use-syslog: no\n"
	" module-config: \"validator iterator\"\n"
	" do-not-query-localhost: no\n"      // forwarders on this host (dns-forwarder), and test servers
	// Memory: some 30 MiB at the most, whatever is asked for.
	" msg-cache-size: 8m\n"
	" rrset-cache-size: 16m\n"
	" key-cache-size: 2m\n"
	" neg-cache-size: 1m\n"
	" infra-cache-numhosts: 1000\n"
	" cache-min-ttl: 0\n"
	" cache-max-ttl: 86400\n"            // DNS_TTL_MAX_S
	" cache-max-negative-ttl: 60\n"      // DNS_NEGATIVE_TTL_MAX_S
	// Work that strangers can cause: packets that one question is worth, and packets at one time.
	" num-queries-per-thread: 1024\n"    // above DNS_LOOKUPS_MAX: sub-queries for keys and servers
	" outgoing-range: 256\n"             // sockets, each with a random port
	" outgoing-num-tcp: 16\n"
	" target-fetch-policy: \"0 0 0 0 0\"\n" // no addresses of servers beyond need (NXNSAttack)
	" outbound-msg-retry: 5\n"
	" max-sent-count: 32\n"
	" max-query-restarts: 11\n"
	" infra-host-ttl: 60\n"              // a server that was down is asked again within a minute
	" infra-keep-probing: yes\n"
	// Spoofing: no fragments, random ports and case-independent, caches emptied under attack.
	" edns-buffer-size: 1232\n"
	" max-udp-size: 1232\n"
	" unwanted-reply-threshold: 10000\n"
	" harden-glue: yes\n"
	" harden-dnssec-stripped: yes\n"
	" harden-below-nxdomain: yes\n"
	" harden-short-bufsize: yes\n"
	" harden-large-queries: yes\n"
	" qname-minimisation: yes\n"         // servers learn no more of a number than they need (LUF-C3)
	" aggressive-nsec: no\n"             // each denial stands on its own proof
	" minimal-responses: yes\n"
	// Validation: bounded in keys, iterations and repetitions (KeyTrap, NSEC3 chains).
	" val-bogus-ttl: 10\n"               // a zone that was mended is believed again after it
	" val-max-restart: 3\n"
	" val-nsec3-keysize-iterations: \"1024 100 2048 100 4096 100\"\n" // RFC9276#3.2
	" val-permissive-mode: no\n"
	" val-clean-additional: yes\n"
	" ignore-cd-flag: yes\n"
	" trust-anchor-signaling: no\n"
	" root-key-sentinel: no\n";

struct text {
	char *at;
	size_t room, used;
};

static void add(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
static void add(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = t->used < t->room ? vsnprintf(t->at + t->used, t->room - t->used, format, args) : -1;
	va_end(args);
	t->used = n >= 0 && (size_t)n < t->room - t->used ? t->used + (size_t)n : t->room;
}

static void add_upstream(struct text *t, const struct address *a)
{
	char host[ADDRESS_TEXT_MAX];
	struct address bare = *a;
	uint32_t n = address_host_text(&bare, host);
	bool brackets = n > 2 && host[0] == '[';
	add(t, " forward-addr: %.*s@%u\n", (int)(brackets ? n - 2 : n), host + brackets, a->port);
}

result dns_library_text(const struct dns_settings *s, char *out, size_t room)
{
	struct text t = {out, room, 0};
	add(&t, "%s", fixed);
	for (uint32_t i = 0; i < s->policy_count && i < DNS_POLICIES_MAX; i++)
		if (s->policy[i].dnssec == DNSSEC_OFF)
			add(&t, " domain-insecure: \"%s.\"\n", s->policy[i].suffix);
	if (s->upstream_count > 0)
		add(&t, "forward-zone:\n name: \".\"\n");
	for (uint32_t i = 0; i < s->upstream_count && i < DNS_UPSTREAMS_MAX; i++)
		add_upstream(&t, &s->upstream[i]);
	return t.used < t.room ? OK : FAIL(E_TOO_LONG);
}

static result told(bool good, const char *what)
{
	if (!good)
		log_write(LOG_LEVEL_ALARM, "dns.library-refuses", LOG_STR("what", what));
	return good ? OK : FAIL(E_SYSTEM);
}

static result configure(struct ub_ctx *ctx, const char *text)
{
	char path[64];
	size_t len = strlen(text);
	int fd = memfd_create("sallyport-dns", MFD_CLOEXEC);
	REQUIRE(fd >= 0, E_SYSTEM);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	bool good = write(fd, text, len) == (ssize_t)len && ub_ctx_config(ctx, path) == 0;
	close(fd);
	return told(good, "its configuration");
}

// The library believes an anchor more than domain-insecure of the same name: where nothing is to be validated, none is given.
// Where the zone's state is followed, its state says what is given.
static bool is_left_out(const struct dns_settings *s, const struct dns_managed *m, const char *record)
{
	char owner[DOMAIN_MAX] = "";
	size_t n = strcspn(record, " \t");
	if (n >= sizeof(owner))
		return false;
	for (size_t i = 0; i < n; i++)
		owner[i] = (char)(record[i] >= 'A' && record[i] <= 'Z' ? record[i] + 'a' - 'A' : record[i]);
	if (n > 0 && owner[n - 1] == '.')
		owner[n - 1] = '\0';
	return dns_policy_of(s, owner) == DNSSEC_OFF || dns_managed_how_of(m, owner) != DNS_CONFIGURED;
}

// A line is a record, a comment, or empty.
static result add_anchor(struct ub_ctx *ctx, const struct dns_settings *s, const struct dns_managed *m, struct bytes line)
{
	char text[ANCHOR_MAX];
	while (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t'))
		line = bytes_make(line.at + 1, line.len - 1);
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0 || line.at[0] == ';')
		return OK;
	REQUIRE(line.len < sizeof(text), E_TOO_LONG);
	memcpy(text, line.at, line.len);
	text[line.len] = '\0';
	return is_left_out(s, m, text) ? OK : told(ub_ctx_add_ta(ctx, text) == 0, "a trust anchor");
}

static result add_anchors(struct ub_ctx *ctx, const struct dns_settings *s, const struct dns_managed *m, struct bytes all)
{
	while (all.len > 0) {
		const uint8_t *end = memchr(all.at, '\n', all.len);
		size_t n = end != NULL ? (size_t)(end - all.at) : all.len;
		TRY(add_anchor(ctx, s, m, bytes_make(all.at, n)));
		n += end != NULL;
		all = bytes_make(all.at + n, all.len - n);
	}
	return OK;
}

// The keys that a state file trusts, when it cannot be kept up.
static result add_learnt(struct ub_ctx *ctx, struct dns_managed *m, uint32_t zone)
{
	char text[ANCHOR_MAX];
	const struct dns_state *s = &m->state;
	dns_managed_read(m, zone);
	REQUIRE(s->fault == NULL && !s->absent, E_SYSTEM);
	for (uint32_t i = 0; i < s->count; i++) {
		const char *record = s->text + s->key[i].at;
		size_t n = strcspn(record, ";\n");
		REQUIRE(n < sizeof(text), E_TOO_LONG);
		memcpy(text, record, n);
		text[n] = '\0';
		if (s->key[i].state == DNS_KEY_VALID || s->key[i].state == DNS_KEY_MISSING)
			TRY(told(ub_ctx_add_ta(ctx, text) == 0, "a key that was learnt"));
	}
	return OK;
}

static result add_managed(struct ub_ctx *ctx, struct dns_managed *m)
{
	char path[DNS_MANAGED_PATH_MAX];
	for (uint32_t i = 0; m != NULL && i < m->count; i++)
		if (m->zone[i].how == DNS_FOLLOWED)
			TRY(told(ub_ctx_add_ta_autr(ctx, dns_managed_path(m, i, path)) == 0, path));
		else if (m->zone[i].how == DNS_LEARNT)
			TRY(add_learnt(ctx, m, i));
	return OK;
}

// Thirty days (RFC5011#2.4.1) are the library's own; tests have less.
static result shorten_holddown(char *text, size_t room, const struct dns_managed *m)
{
	struct text t = {text, room, strlen(text)};
	if (m != NULL && m->holddown_s > 0)
		add(&t, "server:\n add-holddown: %u\n", m->holddown_s);
	return t.used < t.room ? OK : FAIL(E_TOO_LONG);
}

static result set_up(struct ub_ctx *ctx, const struct dns_settings *s, struct bytes anchors, struct dns_managed *m)
{
	char *text = memory_alloc(DNS_LIBRARY_TEXT_MAX);
	REQUIRE(text != NULL, E_NO_MEMORY);
	result r = dns_library_text(s, text, DNS_LIBRARY_TEXT_MAX);
	if (is_ok(r))
		r = shorten_holddown(text, DNS_LIBRARY_TEXT_MAX, m);
	if (is_ok(r))
		r = configure(ctx, text);
	memory_free(text);
	TRY(r);
	TRY(add_anchors(ctx, s, m, anchors));
	TRY(add_managed(ctx, m));
	ub_ctx_async(ctx, 1); // a thread: the sandbox lets no process be forked
	if (s->upstream_count == 0) { // what the host is configured with; files that are not there leave the library's own defaults
		ub_ctx_resolvconf(ctx, NULL);
		ub_ctx_hosts(ctx, NULL);
	}
	// Nothing is taken away: the call makes the library read what it is configured with, now.
	return told(ub_ctx_zone_remove(ctx, "sallyport.invalid.") == 0, "trust anchors or servers");
}

result dns_library_new(struct ub_ctx **out, const struct dns_settings *s, struct bytes anchors, struct dns_managed *m)
{
	struct ub_ctx *ctx = ub_ctx_create();
	*out = NULL;
	REQUIRE(ctx != NULL, E_NO_MEMORY);
	result r = set_up(ctx, s, anchors, m);
	if (!is_ok(r)) {
		ub_ctx_delete(ctx);
		return r;
	}
	*out = ctx;
	return OK;
}
