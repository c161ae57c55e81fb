// SPDX-License-Identifier: Apache-2.0
// Building requests and copying header fields. Everything goes straight into the worker's one scratch buffer;
// overflow is sticky in the writer and looked at once, at the end.
#include "sf/message.h"

#include "sf/options.h"
#include "sf/params.h"

static const struct bytes own_user = {(const uint8_t *)"sbe", 3};

void message_begin(struct sf *sf, struct sip_writer *w)
{
	sip_write_init(w, sf->out, SF_OUT_CAP);
}

bool message_end(const struct sip_writer *w, struct bytes *out)
{
	uint32_t n = 0;

	if (!is_ok(sip_write_end(w, &n)))
		return false;
	*out = bytes_make(w->at, n);
	return true;
}

static struct bytes local_text(const struct sf *sf, const struct hop *hop)
{
	const struct local_text *t =
		&sf->local[hop->listener % LISTENERS_MAX][(unsigned)hop->transport % TRANSPORT_COUNT]
			  [hop->remote.family == 6];

	return bytes_make(t->text, t->len);
}

// Via with our address on HOP and BRANCH.
static void message_via(
	struct sip_writer *w, const struct sf *sf, const struct hop *hop, const char branch[SF_BRANCH_LEN])
{
	sip_write_name(w, SIP_HDR_VIA);
	sip_write_string(w, "SIP/2.0/");
	sip_write_string(w, transport_via_name(hop->transport));
	sip_write_string(w, " ");
	sip_write_octets(w, local_text(sf, hop));
	sip_write_string(w, ";branch=");
	sip_write_octets(w, bytes_make(branch, SF_BRANCH_LEN));
	if (hop->transport == TRANSPORT_UDP)
		sip_write_string(w, ";rport"); // RFC 3581
	if (hop->transport == TRANSPORT_TLS)
		sip_write_string(w, ";alias"); // requests may come back on this connection (RFC5923#5)
	sip_write_crlf(w);
}

static void write_transport(struct sip_writer *w, enum transport t)
{
	static const char *const text[TRANSPORT_COUNT] = {
		"", ";transport=tcp", ";transport=tls", ";transport=dtls-udp"};

	sip_write_string(w, text[(unsigned)t % TRANSPORT_COUNT]);
}

void message_contact(struct sip_writer *w, const struct sf *sf, const struct hop *hop, bool sips)
{
	struct hop at = *hop;

	// Who asks by sips comes back by TLS, whatever it came by: there, if that listener has it.
	if (sips && !transport_is_secure(at.transport) &&
		sf->local[at.listener % LISTENERS_MAX][TRANSPORT_TLS][at.remote.family == 6].len > 0)
		at.transport = TRANSPORT_TLS;
	sip_write_name(w, SIP_HDR_CONTACT);
	sip_write_string(w, sips ? "<sips:" : "<sip:");
	sip_write_octets(w, own_user);
	sip_write_string(w, "@");
	sip_write_octets(w, local_text(sf, &at));
	if (!sips || at.transport == TRANSPORT_DTLS)
		write_transport(w, at.transport); // sips says TLS already (RFC3261#26.2.2)
	sip_write_string(w, ">");
	sip_write_crlf(w);
}

void message_allow(struct sip_writer *w)
{
	sip_write_header(
		w, SIP_HDR_ALLOW, BYTES("INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE"));
}

void message_capabilities(struct sip_writer *w)
{
	message_allow(w);
	sip_write_header(w, SIP_HDR_ACCEPT, BYTES("application/sdp"));
	sip_write_header(w, SIP_HDR_SUPPORTED, BYTES("100rel, timer"));
}

void message_number(struct sip_writer *w, enum sip_hdr id, uint64_t v)
{
	sip_write_name(w, id);
	sip_write_number(w, v);
	sip_write_crlf(w);
}

static void message_cseq(struct sip_writer *w, uint32_t cseq, enum sip_method method)
{
	sip_write_name(w, SIP_HDR_CSEQ);
	sip_write_number(w, cseq);
	sip_write_string(w, " ");
	sip_write_octets(w, sip_method_name(method));
	sip_write_crlf(w);
}

void message_in_dialog(struct sip_writer *w, const struct sf *sf, const struct sf_leg *l, const struct hop *hop,
	enum sip_method method, uint32_t cseq, const char branch[SF_BRANCH_LEN], uint8_t max_forwards)
{
	struct leg_parts p = leg_parts(l);

	sip_write_request_line(w, sip_method_name(method), p.target);
	message_via(w, sf, hop, branch);
	message_number(w, SIP_HDR_MAX_FORWARDS, max_forwards);
	if (p.routes.len > 0)
		sip_write_header(w, SIP_HDR_ROUTE, p.routes);
	sip_write_name(w, SIP_HDR_FROM);
	sip_write_octets(w, p.local);
	sip_write_string(w, ";tag=");
	sip_write_octets(w, bytes_make(l->tag, SF_TOKEN_LEN));
	sip_write_crlf(w);
	sip_write_name(w, SIP_HDR_TO);
	sip_write_octets(w, p.remote);
	if (p.remote_tag.len > 0) {
		sip_write_string(w, ";tag=");
		sip_write_octets(w, p.remote_tag);
	}
	sip_write_crlf(w);
	sip_write_header(w, SIP_HDR_CALL_ID, p.call_id);
	message_cseq(w, cseq, method);
}

uint8_t message_forwards(const struct sip_msg *m)
{
	return m == NULL || m->max_forwards == 255 ? 70 : (uint8_t)(m->max_forwards - 1);
}

// ---- what passes ----------------------------------------------------------------------------------------

static void hide(struct passage *p, struct bytes text)
{
	if (text.len < SF_HIDDEN_MIN_LEN || p->hidden_count == SF_HIDDEN_MAX)
		return;
	for (uint32_t i = 0; i < p->hidden_count; i++)
		if (bytes_equal_nocase(p->hidden[i], text))
			return;
	p->hidden[p->hidden_count++] = text;
}

static void hide_hosts(struct passage *p, enum sip_hdr id)
{
	struct sip_list it = sip_list_begin(p->m, id);
	struct sip_addr a;

	for (struct span v; sip_list_next(&it, &v) && p->hidden_count < SF_HIDDEN_MAX;)
		if (is_ok(sip_addr_parse(p->m->buf, p->m->size, v, &a)) && !a.star)
			hide(p, sip_bytes(p->m, a.uri.host));
}

struct sip_hdr_way sf_way(const struct sf *sf, peer_id from_id, peer_id to_id)
{
	const struct peer *from = sf_peer(sf, from_id), *to = sf_peer(sf, to_id);

	return (struct sip_hdr_way){.to_core = sf_core(sf, to_id),
		.trusted = from != NULL && to != NULL && from->trusted_identity && to->trusted_identity,
		.strict = from == NULL || to == NULL || from->headers_strict || to->headers_strict};
}

void passage_init(struct passage *p, const struct sf *sf, const struct sip_msg *m, peer_id from, peer_id to)
{
	*p = (struct passage){.sf = sf, .m = m, .way = sf_way(sf, from, to)};
	hide(p, sip_bytes(m, m->call_id));
	hide_hosts(p, SIP_HDR_CONTACT);
	if (m->is_request) { // a response's Via is our own
		struct sip_list it = sip_list_begin(m, SIP_HDR_VIA);
		struct sip_via via;
		for (struct span v; sip_list_next(&it, &v) && p->hidden_count < SF_HIDDEN_MAX - 2;)
			if (is_ok(sip_via_parse(m->buf, m->size, v, &via)))
				hide(p, sip_bytes(m, via.host));
	}
	hide_hosts(p, SIP_HDR_RECORD_ROUTE);
}

static bool lower_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
	return bytes_equal_nocase(bytes_make(a, n), bytes_make(b, n));
}

// The beginning of a long text tells it as well; comparing more would let a peer buy 64 KiB times its Call-ID of work.
enum { HIDDEN_COMPARED = 32 };

// Does VALUE hold one of the sender's hidden texts, in any case?
static bool reveals(const struct passage *p, struct bytes value)
{
	for (uint32_t i = 0; i < p->hidden_count; i++) {
		struct bytes h = p->hidden[i];
		if (h.len > HIDDEN_COMPARED)
			h.len = HIDDEN_COMPARED;
		uint8_t first = h.at[0], other = first;
		if ((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z'))
			other = first ^ 0x20;
		for (size_t at = 0; at + h.len <= value.len; at++)
			if ((value.at[at] == first || value.at[at] == other) &&
				lower_equal(value.at + at, h.at, h.len))
				return true;
	}
	return false;
}

static bool carries_addresses(enum sip_hdr id)
{
	return id == SIP_HDR_P_ASSERTED_IDENTITY || id == SIP_HDR_DIVERSION || id == SIP_HDR_HISTORY_INFO ||
	       id == SIP_HDR_REFERRED_BY;
}

static void write_user_uri(struct sip_writer *w, const uint8_t *buf, uint32_t n, const struct sip_uri *u,
	struct bytes user, struct bytes host)
{
	bool phone = u->scheme == SIP_SCHEME_TEL, found = false;
	struct span v;
	struct bytes original = span_bytes(buf, n, u->host);

	if (!phone && is_ok(sip_param_get(buf, n, u->params, BYTES("user"), &found, &v)) && found)
		phone = bytes_equal_nocase(span_bytes(buf, n, v), BYTES("phone"));
	if (u->scheme != SIP_SCHEME_TEL && bytes_equal_nocase(original, BYTES("anonymous.invalid")))
		host = original; // RFC3323#4.1.1.3
	if (user.len == 0)
		user = span_bytes(buf, n, u->user);
	sip_write_string(w, u->scheme == SIP_SCHEME_SIPS ? "<sips:" : "<sip:");
	if (user.len > 0) {
		sip_write_octets(w, user);
		sip_write_string(w, "@");
	}
	sip_write_octets(w, host);
	sip_write_string(w, phone ? ";user=phone>" : ">");
}

static struct bytes own_domain(const struct sf *sf)
{
	return bytes_make(sf->snapshot->settings.domain, strnlen(sf->snapshot->settings.domain, DOMAIN_MAX));
}

static void write_display(struct sip_writer *w, struct bytes display)
{
	if (display.len == 0)
		return;
	params_write_unfolded(w, display);
	sip_write_string(w, " ");
}

void message_party(
	struct sip_writer *w, const struct sip_msg *m, enum sip_hdr id, struct bytes user, struct bytes host)
{
	const struct sip_line *l = sip_first(m, id);
	struct sip_addr a;

	if (l == NULL || !is_ok(sip_addr_parse(m->buf, m->size, l->value, &a))) {
		w->overflow = true; // cannot be: checked on entry; such a message is not sent
		return;
	}
	write_display(w, sip_bytes(m, a.display));
	write_user_uri(w, m->buf, m->size, &a.uri, a.uri.user.to > a.uri.user.from ? BYTES("") : user, host);
}

// An address list of the identity headers, each host replaced by our domain; parameters that reveal are left
// out.
static void write_addresses(struct sip_writer *w, const struct passage *p, const struct sip_line *l)
{
	struct sip_list it = {.msg = p->m, .line = l, .at = l->value.from};
	struct sip_addr a;
	bool any = false;

	for (struct span v; it.line == l && sip_list_next(&it, &v);) {
		if (!is_ok(sip_addr_parse(p->m->buf, p->m->size, v, &a)) || it.line != l)
			break;
		if (any)
			sip_write_string(w, ", ");
		else
			sip_write_name(w, (enum sip_hdr)l->id);
		any = true;
		write_display(w, sip_bytes(p->m, a.display));
		if (a.uri.scheme == SIP_SCHEME_TEL && a.uri.host.to <= a.uri.host.from) {
			sip_write_string(w, "<tel:");
			sip_write_octets(w, sip_bytes(p->m, a.uri.user));
			sip_write_string(w, ">");
		} else {
			write_user_uri(w, p->m->buf, p->m->size, &a.uri, BYTES(""), own_domain(p->sf));
		}
		struct bytes params = sip_bytes(p->m, a.params), one;
		while (params_next(&params, &one)) {
			if (one.len == 0 || reveals(p, one))
				continue;
			sip_write_string(w, ";");
			params_write_unfolded(w, one);
		}
	}
	if (any)
		sip_write_crlf(w);
}

void message_copy(struct sip_writer *w, const struct passage *p, bool with_body)
{
	for (uint32_t i = 0; i < p->m->line_count; i++) {
		const struct sip_line *l = &p->m->line[i];
		if (!sip_hdr_passes((enum sip_hdr)l->id, p->way))
			continue;
		bool of_body = l->id >= SIP_HDR_CONTENT_DISPOSITION && l->id <= SIP_HDR_CONTENT_TYPE;
		if (of_body && !with_body)
			continue;
		if (carries_addresses((enum sip_hdr)l->id))
			write_addresses(w, p, l);
		else if (l->id == SIP_HDR_IDENTITY || !reveals(p, sip_bytes(p->m, l->value)))
			sip_write_line(w, p->m, l); // Identity is signed by its author and public by design
	}
}

void message_body(struct sip_writer *w, const struct message_body *b)
{
	if (b != NULL && b->octets.len > 0) {
		if (b->type.len > 0) {
			sip_write_name(w, SIP_HDR_CONTENT_TYPE);
			params_write_unfolded(w, b->type);
			sip_write_crlf(w);
		}
		sip_write_body(w, b->octets);
		return;
	}
	sip_write_body(w, BYTES(""));
}
