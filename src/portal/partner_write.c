// SPDX-License-Identifier: Apache-2.0
// A partner as YAML: every value was checked by partner_read, so that quotes are all the escaping there is.
#include "base/clock.h"
#include "portal/partner.h"

static const char *const transports[TRANSPORT_COUNT] = {"udp", "tcp", "tls", "dtls"};

static const char *comma(uint32_t i)
{
	return i > 0 ? ", " : "";
}

static void write_prefixes(FILE *to, const char *key, const struct address *list, uint32_t n)
{
	fprintf(to, "%s: [", key);
	for (uint32_t i = 0; i < n; i++) {
		char text[ADDRESS_TEXT_MAX];
		uint32_t len = address_host_text(&list[i], text);
		bool v6 = list[i].family == 6;
		fprintf(to, "%s\"%.*s/%d\"", comma(i), (int)len - (v6 ? 2 : 0), text + (v6 ? 1 : 0), v6 ? 128 : 32);
	}
	fputs("]", to);
}

static void write_numbers(FILE *to, const char *key, const struct number_prefix *list, uint32_t n)
{
	fprintf(to, "%s: [", key);
	for (uint32_t i = 0; i < n; i++)
		fprintf(to, "%s\"%s\"", comma(i), list[i].digits);
	fputs("]", to);
}

static void write_reach(const struct partner *p, const struct partner_local *l, FILE *to)
{
	char text[ADDRESS_TEXT_MAX];
	enum transport t = p->target_count > 0 ? p->target[0].transport : TRANSPORT_TLS;
	fprintf(to, "  reach:\n    domain: \"%s\"\n    transport: %s\n    targets: [", p->domain, transports[t]);
	for (uint32_t i = 0; i < p->target_count; i++)
		fprintf(to, "%s\"%s:%s\"", comma(i), transports[p->target[i].transport], address_text(&p->target[i].address, text));
	fputs("]\n  known_by:\n", to);
	if (t == TRANSPORT_TLS)
		fprintf(to, "    tls_names: [\"%s\"]\n    trust: \"%s\"\n", p->domain, l->trust);
	fputs("    ", to);
	write_prefixes(to, "addresses", p->address, p->address_count);
	fputs("\n  numbers:\n    ", to);
	write_numbers(to, "calls_from", p->caller, p->caller_count);
	fputs("\n    ", to);
	write_numbers(to, "calls_to", p->served, p->served_count);
	fputs("\n", to);
}

static void write_limits(const struct partner *p, FILE *to)
{
	if (p->calls_per_second == 0 || p->concurrent_calls == 0 || p->messages_per_second == 0)
		return; // he admits nothing, or has no bound: `check` asks for ours
	fprintf(to, "  limits: {calls_per_second: %u, concurrent_calls: %u, messages_per_second: %u}\n", p->calls_per_second,
		p->concurrent_calls, p->messages_per_second);
}

static void write_media(const struct partner *p, FILE *to)
{
	fprintf(to, "  media:\n    srtp: %s\n    keying: %s\n", p->srtp == SRTP_OFF ? "off" : "required",
		p->per_leg ? "per-leg" : "end-to-end");
	if (p->media_count > 0) {
		fputs("    ", to);
		write_prefixes(to, "addresses", p->media, p->media_count);
		fputs("\n", to);
	}
	for (uint32_t i = 0; i < p->codec_count; i++)
		fprintf(to, "%s\"%s\"%s", i == 0 ? "    codecs: [" : ", ", p->codec[i], i + 1 == p->codec_count ? "]\n" : "");
	for (uint32_t i = 0; i < p->suite_count; i++)
		fprintf(to, "%s%s%s", i == 0 ? "    suites: [" : ", ", p->suite[i], i + 1 == p->suite_count ? "]\n" : "");
}

// The identity control is ours to decide; this release cannot meet it, so that every peering peer needs the waiver.
static void write_rest(const struct partner *p, const struct partner_local *l, FILE *to)
{
	struct utc day = utc_of(l->wall_ms + PARTNER_WAIVER_DAYS * 86400000ull);
	fprintf(to, "  headers: %s\n  identity: {verify: off, sign: off}\n  session: {timers: yes, expires: %u, min_se: %u}\n",
		p->strict ? "strict" : "relaxed", p->expires_s, p->min_se_s < p->expires_s ? p->min_se_s : p->expires_s);
	fprintf(to, "  waivers:\n    - {control: identity, reason: \"signed caller identity is not verified yet\", until: %04u-%02u-%02u}\n",
		(unsigned)day.year, (unsigned)day.month, (unsigned)day.day);
}

static void write_notes(const struct partner *p, FILE *to)
{
	char text[ADDRESS_TEXT_MAX];
	for (uint32_t i = 0; i < p->address_count; i++)
		if (address_classify(&p->address[i]) != ADDRESS_GLOBAL) {
			text[address_host_text(&p->address[i], text)] = '\0';
			fprintf(to, "# Look twice: %s is no public address.\n", text);
		}
	if (p->caller_count == 0)
		fputs("# It names no caller numbers: add those that you agreed on to calls_from.\n", to);
	if (p->served_count == 0)
		fputs("# It names no numbers: add those that you agreed on to calls_to.\n", to);
}

bool partner_write(const struct partner *p, const struct partner_local *local, FILE *to)
{
	char until[UTC_TEXT_MAX];
	fprintf(to, "# sallyport-profile %s %llu %s\n", p->domain, (unsigned long long)p->serial, p->content);
	fprintf(to, "# Made for %s, valid until %s. An item of `peers`; look it through before you paste it.\n",
		p->made_for[0] != '\0' ? p->made_for : "a peer without a domain", utc_text(p->until_s * 1000, until));
	write_notes(p, to);
	fprintf(to, "- name: %s\n  zone: %s\n", local->name, local->zone);
	write_reach(p, local, to);
	write_limits(p, to);
	write_media(p, to);
	write_rest(p, local, to);
	return fflush(to) == 0 && ferror(to) == 0;
}
