// SPDX-License-Identifier: Apache-2.0
// From names to records.
#include "publish/records.h"

#include "wire/enum/name.h"

#include <stdio.h>

#define PATTERN "^(.*)$"

static bool uri_octets_ok(const char *uri)
{
	for (const char *at = uri; *at != '\0'; at++) {
		if (*at <= ' ' || *at >= 0x7f || *at == '!' || *at == '"')
			return false;
		if (*at == '\\' && *++at != '1')
			return false;
	}
	return uri[0] != '\0';
}

result publish_regexp_make(const char *uri, char out[PUBLISH_STRING_MAX + 1])
{
	int n;
	REQUIRE(uri_octets_ok(uri), E_SYNTAX);
	n = snprintf(out, PUBLISH_STRING_MAX + 1, "!" PATTERN "!%s!", uri);
	REQUIRE(n > 0 && n <= PUBLISH_STRING_MAX, E_TOO_LONG);
	return OK;
}

static ldns_rdf *string_rdf(const char *text)
{
	uint8_t octets[PUBLISH_STRING_MAX + 1];
	size_t n = strlen(text);
	octets[0] = (uint8_t)n;
	memcpy(octets + 1, text, n);
	return ldns_rdf_new_frm_data(LDNS_RDF_TYPE_STR, n + 1, octets);
}

static ldns_rr *naptr_make(const char *owner, uint32_t ttl_s, uint16_t preference, const char *service, const char *regexp)
{
	ldns_rr *rr = ldns_rr_new();
	ldns_rdf *part[] = {
		ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, PUBLISH_ORDER),
		ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, preference),
		string_rdf("u"), string_rdf(service), string_rdf(regexp), ldns_dname_new_frm_str("."),
	};
	bool whole = rr != NULL;
	for (size_t i = 0; i < ARRAY_LEN(part); i++)
		if (part[i] == NULL || !whole || !ldns_rr_push_rdf(rr, part[i])) {
			ldns_rdf_deep_free(part[i]);
			whole = false;
		}
	if (rr == NULL)
		return NULL;
	ldns_rr_set_owner(rr, ldns_dname_new_frm_str(owner));
	ldns_rr_set_type(rr, LDNS_RR_TYPE_NAPTR);
	ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
	ldns_rr_set_ttl(rr, ttl_s);
	if (whole && ldns_rr_owner(rr) != NULL)
		return rr;
	ldns_rr_free(rr);
	return NULL;
}

struct making {
	const struct publish_zone *zone;
	struct publish_wanted *out;
	const char *regexp;
	result failed;
};

static bool push(struct making *m, const char *owner, uint16_t preference, const char *service, const char *regexp)
{
	ldns_rr *rr;
	if (ldns_rr_list_rr_count(m->out->records) >= PUBLISH_RECORDS_MAX) {
		m->failed = FAIL(E_TOO_MANY);
		return false;
	}
	rr = naptr_make(owner, m->zone->ttl_s, preference, service, regexp);
	if (rr != NULL && ldns_rr_list_push_rr(m->out->records, rr))
		return true;
	ldns_rr_free(rr);
	m->failed = FAIL(E_NO_MEMORY);
	return false;
}

// RFC4769#5: the number was ported, and this is where it is now.
static bool push_ported(struct making *m, const char *owner, const char *rn)
{
	char uri[PUBLISH_STRING_MAX], regexp[PUBLISH_STRING_MAX + 1];
	snprintf(uri, sizeof(uri), "tel:\\1;npdi;rn=%s", rn);
	m->failed = publish_regexp_make(uri, regexp);
	return is_ok(m->failed) && push(m, owner, PUBLISH_PREFERENCE_TEL, "E2U+pstn:tel", regexp);
}

static bool name_h(void *ctx, const char *digits, bool wildcard, const struct publish_number *by)
{
	struct making *m = ctx;
	char name[DOMAIN_MAX], owner[DOMAIN_MAX + 2];
	m->failed = enum_name_make(digits, m->zone->apex, name);
	if (!is_ok(m->failed))
		return false;
	// The zone's own name has no numbers; a wildcard below it has.
	if (!enum_name_within(name, m->zone->zone) || (!wildcard && strcmp(name, m->zone->zone) == 0)) {
		m->out->outside += !wildcard && strcmp(by->digits, digits) == 0 && !enum_name_within(name, m->zone->zone);
		return true;
	}
	snprintf(owner, sizeof(owner), "%s%s", wildcard ? "*." : "", name);
	return push(m, owner, PUBLISH_PREFERENCE_SIP, "E2U+sip", m->regexp) && (by->rn[0] == '\0' || push_ported(m, owner, by->rn));
}

result publish_records_make(const struct publish_zone *zone, struct publish_numbers *numbers, struct publish_wanted *out)
{
	char regexp[PUBLISH_STRING_MAX + 1];
	struct making m = {.zone = zone, .out = out, .regexp = regexp};
	result r;
	*out = (struct publish_wanted){0};
	TRY(publish_regexp_make(zone->uri, regexp));
	out->records = ldns_rr_list_new();
	REQUIRE(out->records != NULL, E_NO_MEMORY);
	r = publish_numbers_walk(numbers, name_h, &m);
	if (is_ok(r)) {
		ldns_rr_list_sort(out->records);
		return OK;
	}
	ldns_rr_list_deep_free(out->records);
	out->records = NULL;
	return is_ok(m.failed) ? r : m.failed;
}
