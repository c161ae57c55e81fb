// SPDX-License-Identifier: Apache-2.0
// A transfer is a run of answers from one SOA record to the next; each is checked before a record of it is kept.
#include "publish/session.h"

#include "base/clock.h"
#include "base/memory.h"
#include "publish/link.h"
#include "publish/records.h"

enum { MS_PER_S = 1000 };

enum publish_trouble publish_rcode_trouble(uint8_t rcode)
{
	switch (rcode) {
	case LDNS_RCODE_NOERROR:
		return PUBLISH_FINE;
	case LDNS_RCODE_YXDOMAIN: // RFC2136#2.2: a condition does not hold
	case LDNS_RCODE_YXRRSET:
	case LDNS_RCODE_NXRRSET:
	case LDNS_RCODE_NXDOMAIN:
		return PUBLISH_CONFLICT;
	case LDNS_RCODE_NOTAUTH:
	case LDNS_RCODE_NOTZONE:
		return PUBLISH_NOT_AUTHORITATIVE;
	case LDNS_RCODE_REFUSED:
	case LDNS_RCODE_NOTIMPL:
		return PUBLISH_REFUSED;
	case LDNS_RCODE_SERVFAIL:
		return PUBLISH_SERVER;
	default:
		return PUBLISH_MALFORMED;
	}
}

struct session {
	const struct publish_server *server;
	struct publish_link link;
	struct tsig_chain chain;
	uint16_t id;
	ldns_pkt_opcode opcode;
	char where[ADDRESS_TEXT_MAX];
	struct publish_fault *why;
};

static result send_signed(struct session *s, ldns_pkt *question)
{
	uint8_t *wire = NULL;
	size_t len = 0;
	ldns_pkt_set_random_id(question);
	s->id = ldns_pkt_id(question);
	s->opcode = ldns_pkt_get_opcode(question);
	if (!is_ok(tsig_sign(question, &s->server->key)) || !is_ok(tsig_chain_begin(&s->chain, question)) ||
		ldns_pkt2wire(&wire, question, &len) != LDNS_STATUS_OK)
		return publish_fail(s->why, PUBLISH_NO_MEMORY, "");
	result r = publish_link_send(&s->link, bytes_make(wire, len), s->why);
	LDNS_FREE(wire);
	return r;
}

static enum publish_trouble check_answer(struct session *s, ldns_pkt *answer, struct bytes wire)
{
	enum publish_trouble by_code = publish_rcode_trouble((uint8_t)ldns_pkt_get_rcode(answer)), signature;
	if (!ldns_pkt_qr(answer) || ldns_pkt_id(answer) != s->id || ldns_pkt_get_opcode(answer) != s->opcode)
		return PUBLISH_MALFORMED;
	if (ldns_pkt_tc(answer))
		return PUBLISH_TRUNCATED;
	signature = tsig_chain_check(&s->chain, answer, wire, &s->server->key, clock_now().wall_ms / MS_PER_S);
	// A refusal need not be believed to stop us; anything else must be signed.
	return signature == PUBLISH_UNVERIFIED && by_code != PUBLISH_FINE ? by_code :
	       signature != PUBLISH_FINE ? signature : by_code;
}

// The next answer, checked. *OUT is of the caller.
static result receive_signed(struct session *s, ldns_pkt **out)
{
	struct bytes wire = {0};
	enum publish_trouble trouble;
	*out = NULL;
	TRY(publish_link_receive(&s->link, &wire, s->why));
	if (ldns_wire2pkt(out, wire.at, wire.len) != LDNS_STATUS_OK) {
		*out = NULL;
		return publish_fail(s->why, PUBLISH_MALFORMED, s->where);
	}
	trouble = check_answer(s, *out, wire);
	if (trouble == PUBLISH_FINE)
		return OK;
	ldns_pkt_free(*out);
	*out = NULL;
	return publish_fail(s->why, trouble, s->where);
}

static result begin(struct session **out, const struct publish_server *server, uint32_t timeout_ms, ldns_pkt *question,
	struct publish_fault *why)
{
	struct session *s = memory_alloc(sizeof(*s));
	result r;
	*out = s;
	if (s == NULL)
		return publish_fail(why, PUBLISH_NO_MEMORY, "");
	*s = (struct session){.server = server, .why = why};
	address_text(&server->address, s->where);
	r = publish_link_open(&s->link, &server->address, timeout_ms, why);
	if (!is_ok(r))
		s->link.fd = -1;
	return is_ok(r) ? send_signed(s, question) : r;
}

static void end(struct session *s)
{
	if (s == NULL)
		return;
	publish_link_close(&s->link);
	tsig_chain_end(&s->chain);
	memory_free(s);
}

result publish_update(const struct publish_server *server, ldns_pkt *update, struct publish_fault *why)
{
	struct session *s;
	ldns_pkt *answer = NULL;
	result r = begin(&s, server, server->update_timeout_ms, update, why);
	if (is_ok(r))
		r = receive_signed(s, &answer);
	if (is_ok(r))
		ldns_pkt_free(answer);
	end(s);
	return r;
}

struct transfer {
	const ldns_rdf *zone;
	ldns_rr_list *kept;
	uint32_t seen, ends; // records; SOA records
};

static enum publish_trouble take(struct transfer *t, ldns_pkt *answer)
{
	ldns_rr_list *list = ldns_pkt_answer(answer);
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(list, i);
		bool soa = ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA;
		if ((t->seen == 0) != (soa && t->ends == 0) || t->ends > 1)
			return PUBLISH_MALFORMED; // RFC5936#2.2: it begins and ends with the SOA record
		if (++t->seen > 4 * PUBLISH_RECORDS_MAX) // with signatures and denials
			return PUBLISH_TOO_MUCH;
		t->ends += soa;
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NAPTR || !ldns_dname_is_subdomain(ldns_rr_owner(rr), t->zone))
			continue;
		rr = ldns_rr_clone(rr);
		if (rr == NULL || !ldns_rr_list_push_rr(t->kept, rr)) {
			ldns_rr_free(rr);
			return PUBLISH_NO_MEMORY;
		}
	}
	return t->seen > 0 ? PUBLISH_FINE : PUBLISH_MALFORMED;
}

static result receive_zone(struct session *s, struct transfer *t)
{
	while (t->ends < 2) {
		ldns_pkt *answer;
		TRY(receive_signed(s, &answer));
		enum publish_trouble trouble = take(t, answer);
		ldns_pkt_free(answer);
		if (trouble != PUBLISH_FINE)
			return publish_fail(s->why, trouble, s->where);
	}
	return OK;
}

static result transfer(const struct publish_server *server, ldns_pkt *question, struct transfer *t, struct publish_fault *why)
{
	struct session *s;
	result r = begin(&s, server, server->transfer_timeout_ms, question, why);
	if (is_ok(r))
		r = receive_zone(s, t);
	end(s);
	return r;
}

result publish_transfer(const struct publish_server *server, const char *zone, ldns_rr_list **out, struct publish_fault *why)
{
	ldns_rdf *name = ldns_dname_new_frm_str(zone);
	ldns_rdf *asked = name != NULL ? ldns_rdf_clone(name) : NULL;
	ldns_pkt *question = asked != NULL ? ldns_pkt_query_new(asked, LDNS_RR_TYPE_AXFR, LDNS_RR_CLASS_IN, 0) : NULL;
	struct transfer t = {.zone = name, .kept = ldns_rr_list_new()};
	result r = question != NULL && t.kept != NULL ? transfer(server, question, &t, why) :
							 publish_fail(why, PUBLISH_NO_MEMORY, "");
	*out = t.kept;
	if (is_ok(r)) {
		ldns_rr_list_sort(t.kept);
	} else {
		ldns_rr_list_deep_free(t.kept);
		*out = NULL;
	}
	if (question == NULL)
		ldns_rdf_deep_free(asked);
	ldns_pkt_free(question);
	ldns_rdf_deep_free(name);
	return r;
}
