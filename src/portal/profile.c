// SPDX-License-Identifier: Apache-2.0
// One function a section of the profile. jansson carries a failed allocation on: packing NULL gives NULL, and the sections are
// checked once, in profile_make.
#include "portal/profile.h"

#include "base/clock.h"
#include "net/tls_names.h"
#include "portal/prefixes.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CHAIN_LOOKED_AT = 8, // certificates of our own chain; a chain has three
	RATE_TOLD_MAX = 100000, // [calls/s] the bound of the option; a waived rate is higher inside
};

static const char *const transports[TRANSPORT_COUNT] = {"udp", "tcp", "tls", "dtls"};

static const char *suite_text(uint8_t suite)
{
	static const char *const names[SUITE_COUNT] = {
		[SUITE_AES_CM_128_HMAC_SHA1_80] = "AES_CM_128_HMAC_SHA1_80", [SUITE_AEAD_AES_128_GCM] = "AEAD_AES_128_GCM",
		[SUITE_AEAD_AES_256_GCM] = "AEAD_AES_256_GCM"};
	return suite < SUITE_COUNT ? names[suite] : NULL;
}

static void host_text(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	uint32_t n = address_host_text(a, out);
	if (a->family == 6 && n >= 2) { // without its brackets
		memmove(out, out + 1, n - 2);
		out[n - 2] = '\0';
	}
}

// What the far side sees for BOUND of listener L; false when there is nothing to be told.
static bool told_address(const struct listener *l, const struct address *bound, char out[ADDRESS_TEXT_MAX])
{
	const struct address *a = l->advertise.family != 0 ? &l->advertise : bound;
	if (a->family == 0 || address_classify(a) == ADDRESS_UNSPECIFIED)
		return false;
	host_text(a, out);
	return true;
}

static bool listens_for(const struct listener *l, const struct peer *p)
{
	return l->zone == p->zone && l->sip_count <= LISTENER_SIP_MAX;
}

// Ingress signalling border elements (R1), transports at or above his floor alone (LRF-I3).
json_t *profile_ingress(const struct snapshot *s, const struct peer *p)
{
	json_t *list = json_array();
	char host[ADDRESS_TEXT_MAX];
	for (uint32_t i = 0; i < s->listener_count; i++) {
		const struct listener *l = &s->listener[i];
		for (uint32_t k = 0; listens_for(l, p) && k < l->sip_count; k++) {
			const struct sip_socket *x = &l->sip[k];
			if (x->transport >= TRANSPORT_COUNT || x->transport < p->reach_transport || !told_address(l, &x->address, host))
				continue;
			json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s}", "address", host, "port", (int)x->address.port,
				"priority", (int)(TRANSPORT_COUNT - x->transport), "transport", transports[x->transport]));
		}
	}
	return list;
}

static bool holds(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
			return true;
	return false;
}

// Egress signalling border elements (R2): the addresses that our requests come from.
static json_t *egress(const struct snapshot *s, const struct peer *p)
{
	json_t *list = json_array();
	char host[ADDRESS_TEXT_MAX];
	for (uint32_t i = 0; i < s->listener_count; i++) {
		const struct listener *l = &s->listener[i];
		for (uint32_t k = 0; listens_for(l, p) && k < l->sip_count; k++)
			if (told_address(l, &l->sip[k].address, host) && !holds(list, host))
				json_array_append_new(list, json_string(host));
	}
	return list;
}

// Data border elements (R3).
static json_t *data(const struct snapshot *s, const struct peer *p)
{
	json_t *list = json_array();
	char host[ADDRESS_TEXT_MAX];
	for (uint32_t i = 0; i < s->listener_count; i++) {
		const struct listener *l = &s->listener[i];
		if (l->zone == p->zone && l->media.family != 0 && told_address(l, &l->media, host))
			json_array_append_new(list, json_pack("{s:s, s:i, s:i}", "address", host, "first_port", (int)l->media_first,
				"last_port", (int)l->media_last));
	}
	return list;
}

static json_t *numbers_list(const struct number_prefix *list, uint32_t n)
{
	json_t *out = json_array();
	for (uint32_t i = 0; i < n && i < PEER_NUMBERS_MAX; i++)
		if (list[i].digits[0] != '\0')
			json_array_append_new(out, json_string(list[i].digits));
	return out;
}

// The prefixes of our own side: those of core peers in service, each that lies within another left out.
static result own_numbers(const struct snapshot *s, bool callers, json_t **out)
{
	struct prefixes all = {0};
	for (uint32_t i = 0; i < s->peer_count; i++) {
		const struct peer *p = snapshot_peer(s, (peer_id)i);
		if (p == NULL || p->removed || !p->in_service || p->zone >= s->zone_count || !s->zone[p->zone].is_core)
			continue;
		TRY(prefixes_add(&all, callers ? p->calls_from : p->calls_to, callers ? p->calls_from_count : p->calls_to_count));
	}
	prefixes_sort(&all);
	*out = numbers_list(all.list, all.count);
	return OK;
}

static result numbers(const struct snapshot *s, const struct peer *p, json_t **out)
{
	json_t *served, *callers;
	TRY(own_numbers(s, false, &served));
	result r = own_numbers(s, true, &callers);
	if (!is_ok(r)) {
		json_decref(served);
		return r;
	}
	*out = json_pack("{s:o, s:o, s:o, s:o}", "callers", callers, "served", served, "your_callers",
		numbers_list(p->calls_from, p->calls_from_count), "your_numbers", numbers_list(p->calls_to, p->calls_to_count));
	return OK;
}

static json_t *media(const struct snapshot *s, const struct peer *p)
{
	static const char *const srtp[] = {"off", "preferred", "required"};
	json_t *codecs = json_array(), *suites = json_array();
	for (uint32_t i = 0; i < p->codec_count && i < PEER_CODECS_MAX; i++)
		json_array_append_new(codecs, json_string(p->codec[i]));
	for (uint32_t i = 0; i < p->suite_count && i < MEDIA_SUITES_MAX; i++)
		if (suite_text(p->suite[i]) != NULL)
			json_array_append_new(suites, json_string(suite_text(p->suite[i])));
	return json_pack("{s:o, s:o, s:s, s:s, s:o}", "codecs", codecs, "data_border_elements", data(s, p), "keying",
		p->keying == PEER_KEYING_PER_LEG ? "per-leg" : "end-to-end", "srtp", srtp[p->srtp <= SRTP_REQUIRED ? p->srtp : SRTP_REQUIRED],
		"srtp_suites", suites);
}

// How a secure session is begun (R6), and what SIP we speak at this border (as gate_method has it).
static json_t *signalling(const struct snapshot *s, const struct peer *p)
{
	json_t *require = json_array();
	if (p->require_100rel)
		json_array_append_new(require, json_string("100rel"));
	if (p->require_timer)
		json_array_append_new(require, json_string("timer"));
	return json_pack("{s:o, s:s, s:o, s:[sssssssss], s:s, s:o, s:{s:i, s:i}, s:b}", "egress", egress(s, p), "headers",
		p->headers_strict ? "strict" : "relaxed", "ingress", profile_ingress(s, p), "methods", "ACK", "BYE", "CANCEL", "INFO", "INVITE",
		"MESSAGE", "OPTIONS", "PRACK", "UPDATE", "minimum_transport",
		transports[p->reach_transport < TRANSPORT_COUNT ? p->reach_transport : TRANSPORT_TLS], "require", require, "session",
		"expires", (int)p->session_expires_s, "min_se", (int)p->min_se_s, "mutual_tls", p->reach_transport == TRANSPORT_TLS);
}

static void hex(const uint8_t *digest, unsigned n, char out[PROFILE_DIGEST_TEXT])
{
	for (unsigned i = 0; i < n && i < 32; i++)
		snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
}

// Names of our certificate, and the fingerprints of the authorities that we send along.
static json_t *identity(const struct snapshot *s)
{
	struct bytes pem = snapshot_blob(s, s->settings.certificate);
	json_t *names = json_array(), *issuers = json_array();
	BIO *bio = pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.at, (int)pem.len) : NULL;
	for (uint32_t i = 0; bio != NULL && i < CHAIN_LOOKED_AT; i++) {
		X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		uint8_t digest[EVP_MAX_MD_SIZE];
		char text[PROFILE_DIGEST_TEXT] = "";
		unsigned n = 0;
		if (x == NULL)
			break;
		if (i == 0) {
			struct tls_names found;
			tls_names_read(x, &found);
			for (uint32_t k = 0; k < found.count; k++)
				json_array_append_new(names, json_string(found.name[k].text + (found.name[k].uri ? 0 : 4)));
		} else if (X509_digest(x, EVP_sha256(), digest, &n) == 1) {
			hex(digest, n, text);
			json_array_append_new(issuers, json_string(text));
		}
		X509_free(x);
	}
	BIO_free(bio);
	return json_pack("{s:o, s:o}", "certificate_names", names, "issuer_sha256", issuers);
}

static json_t *limits(const struct peer *p)
{
	return json_pack("{s:I, s:I, s:I}", "calls_per_second", (json_int_t)(p->calls_per_second < RATE_TOLD_MAX ? p->calls_per_second : RATE_TOLD_MAX), "concurrent_calls",
		(json_int_t)p->concurrent_calls, "messages_per_second", (json_int_t)p->messages_per_second);
}

char *profile_text(const json_t *profile)
{
	return json_dumps(profile, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
}

// The version: the second at which it was made orders profiles, the hash says whether anything differs.
static result add_version(json_t *o, const struct snapshot *s, uint64_t wall_ms)
{
	char *text = profile_text(o), content[PROFILE_DIGEST_TEXT] = "", from[UTC_TEXT_MAX], until[UTC_TEXT_MAX];
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	REQUIRE(text != NULL, E_NO_MEMORY);
	bool good = EVP_Digest(text, strlen(text), digest, &n, EVP_sha256(), NULL) == 1;
	free(text);
	REQUIRE(good, E_NO_MEMORY);
	hex(digest, n, content);
	utc_text(wall_ms, from);
	utc_text(wall_ms + PROFILE_LIFE_S * 1000ull, until);
	json_int_t now_s = (json_int_t)(wall_ms / 1000);
	json_t *version = json_pack("{s:s, s:I, s:I}", "content", content, "generation", (json_int_t)s->generation, "serial", now_s);
	json_t *validity = json_pack("{s:s, s:I, s:s, s:I}", "from", from, "from_s", now_s, "until", until, "until_s",
		now_s + PROFILE_LIFE_S);
	bool set = json_object_set_new(o, "version", version) == 0;
	set = json_object_set_new(o, "validity", validity) == 0 && set;
	return set ? OK : FAIL(E_NO_MEMORY);
}

static result whole(const json_t *o, const struct snapshot *s)
{
	REQUIRE(o != NULL, E_NO_MEMORY);
	REQUIRE(s->settings.domain[0] != '\0', E_MISSING);
	REQUIRE(json_array_size(json_object_get(json_object_get(o, "signalling"), "ingress")) > 0, E_MISSING);
	return OK;
}

result profile_make(const struct snapshot *s, peer_id id, uint64_t wall_ms, json_t **out)
{
	const struct peer *p = snapshot_peer(s, id);
	json_t *list = NULL;
	*out = NULL;
	REQUIRE(p != NULL && !p->removed && p->zone < s->zone_count, E_NOT_FOUND);
	REQUIRE(!s->zone[p->zone].is_core, E_POLICY);
	TRY(numbers(s, p, &list));
	json_t *o = json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o}", "domain", s->settings.domain, "format", PROFILE_FORMAT,
		"for", p->reach_domain, "identity", identity(s), "limits", limits(p), "media", media(s, p), "numbers", list,
		"signalling", signalling(s, p));
	result r = whole(o, s);
	if (is_ok(r))
		r = add_version(o, s, wall_ms);
	if (!is_ok(r)) {
		json_decref(o);
		return r;
	}
	*out = o;
	return OK;
}
