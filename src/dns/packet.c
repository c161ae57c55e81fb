// SPDX-License-Identifier: Apache-2.0
// Only what is needed is read: header, question, the answer section up to its bound, and for denials the SOA of the
// authority section (RFC2308#5).
#include "dns/packet.h"

#include <ldns/ldns.h>
#include <stdio.h>

enum { HEADER = 12, FLAG_RESPONSE = 0x80, FLAG_TRUNCATED = 0x02, AUTHORITY_MAX = 32 };

struct parsed {
	ldns_rr *rr[DNS_PACKET_RECORDS_MAX];
	uint32_t count;
	bool cut;
};

static uint32_t count_at(struct bytes p, uint32_t at)
{
	return (uint32_t)p.at[at] << 8 | p.at[at + 1];
}

static result refuse(struct dns_answer *out, const char *why)
{
	out->outcome = DNS_SERVFAIL;
	out->count = 0;
	out->used = 0;
	snprintf(out->reason, sizeof(out->reason), "%s", why);
	return FAIL(E_SYNTAX);
}

// The question section is one question and ours.
static result read_question(struct bytes p, const struct dns_question *q, const ldns_rdf *name, size_t *pos)
{
	ldns_rr *rr = NULL;
	REQUIRE(count_at(p, 4) == 1, E_SYNTAX);
	REQUIRE(ldns_wire2rr(&rr, p.at, p.len, pos, LDNS_SECTION_QUESTION) == LDNS_STATUS_OK && rr != NULL, E_SYNTAX);
	bool same = ldns_dname_compare(ldns_rr_owner(rr), name) == 0 && ldns_rr_get_type(rr) == (ldns_rr_type)q->type &&
		    ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN;
	ldns_rr_free(rr);
	return same ? OK : FAIL(E_SYNTAX);
}

static result read_answers(struct bytes p, struct parsed *out, size_t *pos)
{
	uint32_t count = count_at(p, 6);
	out->cut = count > DNS_PACKET_RECORDS_MAX;
	for (uint32_t i = 0; i < count && i < DNS_PACKET_RECORDS_MAX; i++) {
		ldns_rr *rr = NULL;
		REQUIRE(ldns_wire2rr(&rr, p.at, p.len, pos, LDNS_SECTION_ANSWER) == LDNS_STATUS_OK && rr != NULL, E_SYNTAX);
		out->rr[out->count++] = rr;
	}
	return OK;
}

static bool is_of(const ldns_rr *rr, const ldns_rdf *owner, ldns_rr_type type)
{
	return ldns_rr_get_type(rr) == type && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
	       ldns_dname_compare(ldns_rr_owner(rr), owner) == 0;
}

static void lower_ttl(struct dns_answer *out, uint32_t ttl_s)
{
	if (ttl_s < out->ttl_s)
		out->ttl_s = ttl_s;
}

static const ldns_rr *alias_of(const struct parsed *p, const ldns_rdf *owner)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (is_of(p->rr[i], owner, LDNS_RR_TYPE_CNAME) && ldns_rr_rdf(p->rr[i], 0) != NULL)
			return p->rr[i];
	return NULL;
}

// The last name of the chain that begins with NAME; a circle is longer than any lawful chain.
static result follow(const struct parsed *p, const struct dns_question *q, const ldns_rdf *name, const ldns_rdf **last,
	struct dns_answer *out)
{
	*last = name;
	for (uint32_t i = 0; q->type != DNS_CNAME; i++) {
		const ldns_rr *alias = alias_of(p, *last);
		if (alias == NULL)
			return OK;
		REQUIRE(i < DNS_ALIASES_MAX, E_TOO_MANY);
		lower_ttl(out, ldns_rr_ttl(alias));
		*last = ldns_rr_rdf(alias, 0);
	}
	return OK;
}

// Record data as RFC 1035 writes it; ldns holds names uncompressed.
static void take(struct dns_answer *out, const ldns_rr *rr)
{
	size_t len = 0;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		len += ldns_rdf_size(ldns_rr_rdf(rr, i));
	if (out->count == DNS_RECORDS_MAX || len > DNS_RDATA_MAX || len > DNS_OCTETS_MAX - out->used) {
		out->cut = 1;
		return;
	}
	out->record[out->count].at = (uint16_t)out->used;
	out->record[out->count++].len = (uint16_t)len;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *part = ldns_rr_rdf(rr, i);
		if (ldns_rdf_size(part) == 0)
			continue;
		memcpy(out->octets + out->used, ldns_rdf_data(part), ldns_rdf_size(part));
		out->used += (uint32_t)ldns_rdf_size(part);
	}
	lower_ttl(out, ldns_rr_ttl(rr));
}

// How long a denial is believed: RFC2308#5.
static uint32_t negative_ttl(struct bytes p, size_t pos)
{
	uint32_t ttl = 0, count = count_at(p, 8);
	bool found = false;
	for (uint32_t i = 0; i < count && i < AUTHORITY_MAX && !found; i++) {
		ldns_rr *rr = NULL;
		if (ldns_wire2rr(&rr, p.at, p.len, &pos, LDNS_SECTION_AUTHORITY) != LDNS_STATUS_OK || rr == NULL)
			return 0;
		found = ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA && ldns_rr_rd_count(rr) == 7;
		if (found) {
			uint32_t minimum = ldns_rdf2native_int32(ldns_rr_rdf(rr, 6));
			ttl = minimum < ldns_rr_ttl(rr) ? minimum : ldns_rr_ttl(rr);
		}
		ldns_rr_free(rr);
	}
	return ttl;
}

static void bound_ttl(struct dns_answer *out)
{
	if (out->ttl_s < DNS_TTL_MIN_S)
		out->ttl_s = DNS_TTL_MIN_S;
	if (out->outcome != DNS_FOUND && out->ttl_s > DNS_NEGATIVE_TTL_MAX_S)
		out->ttl_s = DNS_NEGATIVE_TTL_MAX_S;
}

static result judge(struct bytes p, const struct parsed *all, const ldns_rdf *name, size_t pos, struct dns_answer *out)
{
	const struct dns_question *q = &out->question;
	const ldns_rdf *last;
	out->ttl_s = DNS_TTL_MAX_S;
	out->cut = all->cut;
	if (!is_ok(follow(all, q, name, &last, out)))
		return refuse(out, "aliases in a circle, or more than 8 in a row");
	for (uint32_t i = 0; i < all->count; i++)
		if (is_of(all->rr[i], last, (ldns_rr_type)q->type))
			take(out, all->rr[i]);
	if (out->count > 0)
		out->outcome = DNS_FOUND;
	else if (out->cut)
		return refuse(out, "records larger than what is taken");
	else
		out->outcome = (p.at[3] & 15) == LDNS_RCODE_NXDOMAIN ? DNS_NXDOMAIN : DNS_NODATA;
	if (out->count == 0)
		lower_ttl(out, negative_ttl(p, pos));
	bound_ttl(out);
	return OK;
}

static result read_all(struct bytes p, const ldns_rdf *name, struct dns_answer *out)
{
	struct parsed all = {.count = 0};
	size_t pos = HEADER;
	result r = read_question(p, &out->question, name, &pos);
	if (is_ok(r))
		r = read_answers(p, &all, &pos);
	r = is_ok(r) ? judge(p, &all, name, pos, out) : refuse(out, "a broken packet, or one for another question");
	for (uint32_t i = 0; i < all.count; i++)
		ldns_rr_free(all.rr[i]);
	return r;
}

result dns_packet_read(struct bytes p, const struct dns_question *q, struct dns_answer *out)
{
	memset(out, 0, offsetof(struct dns_answer, octets));
	out->question = *q;
	if (p.at == NULL || p.len < HEADER || p.len > DNS_PACKET_MAX || (p.at[2] & FLAG_RESPONSE) == 0 || (p.at[2] & FLAG_TRUNCATED) != 0)
		return refuse(out, "no whole DNS packet");
	if ((p.at[3] & 15) != LDNS_RCODE_NOERROR && (p.at[3] & 15) != LDNS_RCODE_NXDOMAIN) {
		IGNORE_RESULT(refuse(out, "the servers refuse or fail")); // lawful: an answer, though no good one
		return OK;
	}
	ldns_rdf *name = ldns_dname_new_frm_str(q->name);
	if (name == NULL)
		return refuse(out, "no name of DNS");
	result r = read_all(p, name, out);
	ldns_rdf_deep_free(name);
	return r;
}
