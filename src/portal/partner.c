// SPDX-License-Identifier: Apache-2.0
// Reading a partner's profile. Each reader takes one member; lists have the bounds of the configuration.
#include "portal/partner.h"

#include <stdarg.h>
#include <stdlib.h>

static result fail(struct envelope_fault *f, enum error e, const char *format, ...) PRINTF_LIKE(3, 4);
static result fail(struct envelope_fault *f, enum error e, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(f->text, sizeof(f->text), format, list);
	va_end(list);
	return FAIL(e);
}

static bool within(const char *text, size_t most, const char *set)
{
	size_t n = text != NULL ? strlen(text) : 0;
	return n > 0 && n <= most && strspn(text, set) == n;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool domain_good(const char *text)
{
	return within(text, DOMAIN_MAX - 1, LOWER UPPER DIGITS ".-") && text[0] != '.' && text[0] != '-';
}

bool partner_name_good(const char *text)
{
	return within(text, NAME_MAX_LEN - 1, LOWER UPPER DIGITS "._-");
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

// The array KEY of O with at most MOST items.
static result list_of(const json_t *o, const char *key, size_t most, const json_t **out, struct envelope_fault *f)
{
	*out = json_object_get(o, key);
	if (!json_is_array(*out))
		return fail(f, E_SYNTAX, "the profile lacks the list %s", key);
	if (json_array_size(*out) > most)
		return fail(f, E_TOO_MANY, "the profile's list %s holds %zu items, a peer can have %zu; ask the partner for a shorter one",
			key, json_array_size(*out), most);
	return OK;
}

static result address_of(const char *text, uint16_t port, struct address *out, struct envelope_fault *f)
{
	if (text == NULL || strlen(text) >= ADDRESS_TEXT_MAX || !is_ok(address_parse_host(bytes_of_string(text), port, out)))
		return fail(f, E_SYNTAX, "the profile holds an address that is none");
	enum address_class class = address_classify(out);
	if (class == ADDRESS_UNSPECIFIED || class == ADDRESS_MULTICAST || class == ADDRESS_RESERVED || class == ADDRESS_LINK_LOCAL)
		return fail(f, E_POLICY, "the profile holds the address %s, which no border element can have", text);
	return OK;
}

static result number_between(const json_t *o, const char *key, json_int_t least, json_int_t most, uint32_t *out,
	struct envelope_fault *f)
{
	const json_t *n = json_object_get(o, key);
	if (!json_is_integer(n) || json_integer_value(n) < least || json_integer_value(n) > most)
		return fail(f, E_SYNTAX, "the profile's %s is no number from %lld to %lld", key, (long long)least, (long long)most);
	*out = (uint32_t)json_integer_value(n);
	return OK;
}

static result transport_of(const char *text, enum transport *out, struct envelope_fault *f)
{
	static const char *const names[] = {"udp", "tcp", "tls"};
	for (uint32_t i = 0; text != NULL && i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum transport)i;
			return OK;
		}
	return fail(f, E_SYNTAX, "the profile holds a transport that is neither udp, tcp nor tls");
}

// Where TLS is offered, only that is taken: a profile raises the floor and never lowers it (LRF-I3).
static void keep_the_best(struct partner *p)
{
	uint32_t kept = 0;
	enum transport best = TRANSPORT_UDP;
	for (uint32_t i = 0; i < p->target_count; i++)
		best = p->target[i].transport > best ? p->target[i].transport : best;
	for (uint32_t i = 0; i < p->target_count; i++)
		if (p->target[i].transport == best)
			p->target[kept++] = p->target[i];
	p->target_count = kept;
}

static result read_ingress(const json_t *signalling, struct partner *p, struct envelope_fault *f)
{
	const json_t *list;
	uint32_t port;
	TRY(list_of(signalling, "ingress", PEER_TARGETS_MAX, &list, f));
	if (json_array_size(list) == 0)
		return fail(f, E_SYNTAX, "the profile names no ingress element");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *x = json_array_get(list, i);
		struct partner_target *t = &p->target[i];
		TRY(number_between(x, "port", 1, UINT16_MAX, &port, f));
		TRY(transport_of(text_of(x, "transport"), &t->transport, f));
		TRY(address_of(text_of(x, "address"), (uint16_t)port, &t->address, f));
	}
	p->target_count = (uint32_t)json_array_size(list);
	keep_the_best(p);
	return OK;
}

static result read_egress(const json_t *signalling, struct partner *p, struct envelope_fault *f)
{
	const json_t *list;
	TRY(list_of(signalling, "egress", PEER_PREFIXES_MAX, &list, f));
	for (size_t i = 0; i < json_array_size(list); i++)
		TRY(address_of(json_string_value(json_array_get(list, i)), 0, &p->address[i], f));
	p->address_count = (uint32_t)json_array_size(list);
	return OK;
}

// What we send to must lie in the peer's own addresses (LRF-I1).
static result add_targets(struct partner *p, struct envelope_fault *f)
{
	for (uint32_t i = 0; i < p->target_count; i++) {
		bool known = false;
		for (uint32_t k = 0; k < p->address_count; k++)
			known = known || address_same_host(&p->address[k], &p->target[i].address);
		if (!known && p->address_count == PEER_PREFIXES_MAX)
			return fail(f, E_TOO_MANY, "the profile holds more than %d addresses of signalling elements", (int)PEER_PREFIXES_MAX);
		if (!known)
			p->address[p->address_count++] = p->target[i].address;
	}
	return OK;
}

static result read_signalling(const json_t *profile, struct partner *p, struct envelope_fault *f)
{
	const json_t *o = json_object_get(profile, "signalling"), *session = json_object_get(o, "session");
	const char *headers = text_of(o, "headers");
	TRY(read_ingress(o, p, f));
	TRY(read_egress(o, p, f));
	TRY(add_targets(p, f));
	p->strict = headers == NULL || strcmp(headers, "relaxed") != 0;
	TRY(number_between(session, "expires", 90, 86400, &p->expires_s, f)); // as the options session.expires and min_se
	return number_between(session, "min_se", 90, 86400, &p->min_se_s, f);
}

static result read_prefixes(const json_t *numbers, const char *key, struct number_prefix *out, uint32_t *count,
	struct envelope_fault *f)
{
	const json_t *list;
	TRY(list_of(numbers, key, PEER_NUMBERS_MAX, &list, f));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		if (text == NULL || text[0] != '+' || !within(text + 1, 15, DIGITS)) // E.164
			return fail(f, E_SYNTAX, "the profile's list %s holds what is no number prefix", key);
		snprintf(out[i].digits, sizeof(out[i].digits), "%s", text);
	}
	*count = (uint32_t)json_array_size(list);
	return OK;
}

static result read_numbers(const json_t *profile, struct partner *p, struct envelope_fault *f)
{
	const json_t *o = json_object_get(profile, "numbers");
	TRY(read_prefixes(o, "callers", p->caller, &p->caller_count, f));
	return read_prefixes(o, "served", p->served, &p->served_count, f);
}

static result read_limits(const json_t *profile, struct partner *p, struct envelope_fault *f)
{
	const json_t *o = json_object_get(profile, "limits");
	TRY(number_between(o, "calls_per_second", 0, 100000, &p->calls_per_second, f)); // the bounds of the options
	TRY(number_between(o, "concurrent_calls", 0, 1000000, &p->concurrent_calls, f));
	return number_between(o, "messages_per_second", 0, 1000000, &p->messages_per_second, f);
}

static result read_codecs(const json_t *media, struct partner *p, struct envelope_fault *f)
{
	const json_t *list;
	TRY(list_of(media, "codecs", PARTNER_CODECS_MAX, &list, f));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		if (!within(text, CODEC_NAME_MAX - 1, LOWER UPPER DIGITS ".+_-"))
			return fail(f, E_SYNTAX, "the profile holds a codec that is no name");
		snprintf(p->codec[i], sizeof(p->codec[i]), "%s", text);
	}
	p->codec_count = (uint32_t)json_array_size(list);
	return OK;
}

// Those that we do not know are left out: they could never be agreed.
static result read_suites(const json_t *media, struct partner *p, struct envelope_fault *f)
{
	static const char *const known[] = {"AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"};
	const json_t *list;
	TRY(list_of(media, "srtp_suites", MEDIA_SUITES_MAX, &list, f));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		for (uint32_t k = 0; text != NULL && k < ARRAY_LEN(known); k++)
			if (strcmp(text, known[k]) == 0)
				p->suite[p->suite_count++] = known[k];
	}
	return OK;
}

static result read_media(const json_t *profile, struct partner *p, struct envelope_fault *f)
{
	const json_t *o = json_object_get(profile, "media"), *list;
	const char *srtp = text_of(o, "srtp"), *keying = text_of(o, "keying");
	p->srtp = srtp != NULL && strcmp(srtp, "off") == 0 ? SRTP_OFF : SRTP_REQUIRED; // who prefers it takes it when required
	p->per_leg = keying != NULL && strcmp(keying, "per-leg") == 0;
	TRY(list_of(o, "data_border_elements", PARTNER_DBES_MAX, &list, f));
	for (size_t i = 0; i < json_array_size(list); i++)
		TRY(address_of(text_of(json_array_get(list, i), "address"), 0, &p->media[i], f));
	p->media_count = (uint32_t)json_array_size(list);
	TRY(read_codecs(o, p, f));
	return read_suites(o, p, f);
}

static result read_head(const json_t *profile, struct partner *p, struct envelope_fault *f)
{
	const char *domain = text_of(profile, "domain"), *made_for = text_of(profile, "for");
	const json_t *version = json_object_get(profile, "version");
	const char *content = text_of(version, "content");
	json_int_t serial = json_integer_value(json_object_get(version, "serial"));
	if (!domain_good(domain) || (made_for != NULL && made_for[0] != '\0' && !domain_good(made_for)))
		return fail(f, E_SYNTAX, "the profile's domains are none");
	if (!within(content, PROFILE_DIGEST_TEXT - 1, DIGITS "abcdef") || serial <= 0)
		return fail(f, E_SYNTAX, "the profile has no version");
	snprintf(p->domain, sizeof(p->domain), "%s", domain);
	snprintf(p->made_for, sizeof(p->made_for), "%s", made_for != NULL ? made_for : "");
	snprintf(p->content, sizeof(p->content), "%s", content);
	p->serial = (uint64_t)serial;
	p->until_s = (uint64_t)json_integer_value(json_object_get(json_object_get(profile, "validity"), "until_s"));
	return OK;
}

result partner_read(const json_t *profile, struct partner *out, struct envelope_fault *fault)
{
	*out = (struct partner){0};
	TRY(read_head(profile, out, fault));
	TRY(read_signalling(profile, out, fault));
	TRY(read_numbers(profile, out, fault));
	TRY(read_limits(profile, out, fault));
	return read_media(profile, out, fault);
}

// "# sallyport-profile DOMAIN SERIAL ..." as partner_write begins.
static bool head_read(struct bytes head, struct bytes *domain, uint64_t *serial)
{
	static const char begin[] = "# sallyport-profile ";
	size_t at = sizeof(begin) - 1, n = head.len < PARTNER_HEAD_MAX ? head.len : PARTNER_HEAD_MAX;
	if (!bytes_begin(bytes_make(head.at, n), bytes_make(begin, at)))
		return false;
	size_t from = at;
	while (at < n && head.at[at] != ' ')
		at++;
	*domain = bytes_make(head.at + from, at - from);
	from = ++at;
	*serial = 0;
	for (; at < n && head.at[at] >= '0' && head.at[at] <= '9' && at - from < 19; at++) // 19 digits fit
		*serial = *serial * 10 + (uint64_t)(head.at[at] - '0');
	return at > from && at < n && head.at[at] == ' ';
}

result partner_follows(const struct partner *p, struct bytes head, struct envelope_fault *fault)
{
	struct bytes domain;
	uint64_t serial;
	if (!head_read(head, &domain, &serial))
		return fail(fault, E_POLICY, "the file is there and was not made by `peer import`; name another one");
	if (!bytes_equal_nocase(domain, bytes_of_string(p->domain)))
		return fail(fault, E_POLICY, "the file holds the profile of another domain than %.64s; name another file", p->domain);
	if (p->serial < serial)
		return fail(fault, E_STALE, "the profile is older than the one imported before; fetch the current one");
	return OK;
}
