// SPDX-License-Identifier: Apache-2.0
// Our own small SIP writer. wire/sip/write.h refuses to write what a hostile message needs, so this one only bounds.
#include "audit/inside.h"

#include <inttypes.h>
#include <stdarg.h>

void audit_text_init(struct audit_text *t, char *at, uint32_t cap)
{
	*t = (struct audit_text){.at = at, .cap = cap};
}

void audit_put(struct audit_text *t, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int n = vsnprintf(t->at + t->len, t->cap - t->len, format, list);
	va_end(list);
	if (n < 0 || (uint32_t)n >= t->cap - t->len)
		t->overflow = true;
	else
		t->len += (uint32_t)n;
}

void audit_put_octets(struct audit_text *t, const void *at, size_t n)
{
	if (n > t->cap - t->len) {
		t->overflow = true;
		return;
	}
	if (n > 0)
		memcpy(t->at + t->len, at, n);
	t->len += (uint32_t)n;
}

void audit_identifier(struct audit *a, const char *prefix, char out[AUDIT_TEXT_MAX])
{
	(void)snprintf(out, AUDIT_TEXT_MAX, "%.64s%016" PRIx64 "%08x", prefix, a->run ^ (audit_random(a) << 8),
		++a->serial);
}

void audit_copy(const struct sip_msg *m, struct span s, char *out, uint32_t cap)
{
	struct bytes b = sip_bytes(m, s);
	size_t n = b.len < cap - 1 ? b.len : cap - 1;
	memcpy(out, b.at, n);
	out[n] = '\0';
}

static void put_body(struct audit_text *t, const char *sdp)
{
	if (sdp != NULL && sdp[0] != '\0')
		audit_put(t, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", strlen(sdp), sdp);
	else
		audit_put(t, "Content-Length: 0\r\n\r\n");
}

bool audit_request_write(const struct audit *a, const struct audit_request *r, struct audit_text *out)
{
	char via[ADDRESS_TEXT_MAX];
	const char *domain = a->s->domain;
	const char *tag = r->to_tag != NULL && r->to_tag[0] != '\0' ? r->to_tag : NULL;

	(void)address_text(r->via, via);
	if (r->uri != NULL)
		audit_put(out, "%s %s SIP/2.0\r\n", r->method, r->uri);
	else
		audit_put(out, "%s sip:%s@%s SIP/2.0\r\n", r->method, r->to, domain);
	audit_put(out, "Via: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: %u\r\n", via, r->branch, r->max_forwards);
	audit_put(out, "From: <sip:%s@%s>;tag=%s\r\nTo: <sip:%s@%s>%s%s\r\n", r->from, domain, r->from_tag, r->to, domain,
		tag != NULL ? ";tag=" : "", tag != NULL ? tag : "");
	audit_put(out, "Call-ID: %s\r\nCSeq: %u %s\r\n%s", r->call_id, r->cseq,
		r->cseq_method != NULL ? r->cseq_method : r->method, r->extra != NULL ? r->extra : "");
	put_body(out, r->sdp);
	return !out->overflow;
}

static void put_lines(struct audit_text *t, const struct sip_msg *m, enum sip_hdr id, const char *tag)
{
	for (const struct sip_line *l = sip_first(m, id); l != NULL; l = sip_next(m, l)) {
		struct bytes name = sip_hdr_name(id), value = sip_bytes(m, l->value);
		audit_put_octets(t, name.at, name.len);
		audit_put(t, ": ");
		audit_put_octets(t, value.at, value.len);
		audit_put(t, "%s%s\r\n", tag != NULL ? ";tag=" : "", tag != NULL ? tag : "");
	}
}

bool audit_response_write(const struct sip_msg *m, unsigned status, const char *phrase, const char *to_tag,
	const char *extra, const char *sdp, struct audit_text *out)
{
	bool tagged = !span_empty(m->to_tag) || to_tag == NULL || status == 100;

	audit_put(out, "SIP/2.0 %u %s\r\n", status, phrase);
	put_lines(out, m, SIP_HDR_VIA, NULL);
	put_lines(out, m, SIP_HDR_RECORD_ROUTE, NULL);
	put_lines(out, m, SIP_HDR_FROM, NULL);
	put_lines(out, m, SIP_HDR_TO, tagged ? NULL : to_tag);
	put_lines(out, m, SIP_HDR_CALL_ID, NULL);
	put_lines(out, m, SIP_HDR_CSEQ, NULL);
	audit_put(out, "%s", extra != NULL ? extra : "");
	put_body(out, sdp);
	return !out->overflow;
}

void audit_sdp_write(const struct address *media, const char *mark, struct audit_text *out)
{
	char host[ADDRESS_TEXT_MAX];
	uint32_t n = address_host_text(media, host);
	const char *at = host;

	if (media->family == 6 && n > 2) { // SDP writes no brackets (RFC8866#9)
		host[n - 1] = '\0';
		at++;
	}
	const char *type = media->family == 6 ? "IP6" : "IP4";
	const char *user = mark != NULL ? mark : "-";
	audit_put(out, "v=0\r\no=%s 1 1 IN %s %s\r\ns=%s\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %u RTP/AVP 8\r\n"
		"a=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n", user, type, at, user, type, at, media->port);
}

// The text after MARK up to the next white space.
static struct bytes word_after(struct bytes body, const char *mark)
{
	size_t n = strlen(mark);

	for (size_t i = 0; i + n <= body.len; i++) {
		if (memcmp(body.at + i, mark, n) != 0)
			continue;
		size_t end = i + n;
		while (end < body.len && body.at[end] > ' ')
			end++;
		return bytes_make(body.at + i + n, end - i - n);
	}
	return bytes_make(body.at, 0);
}

bool audit_sdp_media(struct bytes body, struct address *out)
{
	struct bytes host = word_after(body, "c=IN IP4 "), port = word_after(body, "m=audio ");
	uint32_t n = 0;

	if (host.len == 0)
		host = word_after(body, "c=IN IP6 ");
	for (size_t i = 0; i < port.len && i < 5; i++) {
		if (port.at[i] < '0' || port.at[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(port.at[i] - '0');
	}
	return host.len > 0 && n > 0 && n <= 65535 && is_ok(address_parse_host(host, (uint16_t)n, out));
}
