// SPDX-License-Identifier: Apache-2.0
// The messages of a bench call, written and read just as far as a well-behaved pair of user agents must. The
// caller finds its call by the Call-ID that it chose, the called side by the digits of the Request-URI:
// whatever stands between them may rewrite everything else.
#include "load.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CALLER_NUMBER "+4930100200"
#define CALLED_PREFIX "+4989"

enum { ROUTES_MAX = 16 };

struct text { // what is written so far; .room 0 once it did not fit
	char *at;
	size_t len, room;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *form, ...)
{
	va_list args;
	int n;

	va_start(args, form);
	n = vsnprintf(t->at + t->len, t->room - t->len, form, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->room - t->len)
		t->room = t->len = 0;
	else
		t->len += (size_t)n;
}

static void put_line(struct text *t, struct load_slice line)
{
	put(t, "%.*s\r\n", (int)line.len, line.at);
}

static const char *transport(const struct load *l)
{
	return l->tls_dir == NULL ? "UDP" : "TLS";
}

static const char *contact_tail(const struct load *l)
{
	return l->tls_dir == NULL ? "" : ";transport=tls";
}

// A usual offer or answer of one G.711 stream.
static void put_sdp(struct text *t, const struct load_end *end, uint32_t call)
{
	char body[512], host[32];
	int n;

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(end->text, ":"), end->text);
	n = snprintf(body, sizeof(body),
		"v=0\r\no=- %u 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP 8 0 101\r\n"
		"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 "
		"0-15\r\na=ptime:20\r\n"
		"a=sendrecv\r\n",
		call + 1, host, host, 20000 + 2 * (call % 20000));
	put(t, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", n, body);
}

static void put_identity(struct text *t, const struct load *l, uint32_t call)
{
	put(t, "From: \"Calling Party\" <sip:" CALLER_NUMBER "@%s;user=phone>;tag=a%u\r\n", l->caller.text,
		call);
}

static void put_call_id(
	struct text *t, const struct load *l, uint32_t call, uint32_t cseq, const char *method)
{
	put(t, "Call-ID: %u-%x-3848276298220188@bench\r\nCSeq: %u %s\r\n", call, l->run_id, cseq, method);
}

size_t load_invite(const struct load *l, char *out, size_t room, uint32_t call)
{
	struct text t = {out, 0, room};

	put(&t, "INVITE sip:" CALLED_PREFIX "%08u@%s;user=phone SIP/2.0\r\n", call, l->daemon.text);
	put(&t, "Via: SIP/2.0/%s %s;branch=z9hG4bKi%u-%x;rport\r\nMax-Forwards: 70\r\n", transport(l),
		l->caller.text, call, l->run_id);
	put_identity(&t, l, call);
	put(&t, "To: <sip:" CALLED_PREFIX "%08u@%s;user=phone>\r\n", call, l->daemon.text);
	put_call_id(&t, l, call, 1, "INVITE");
	put(&t,
		"Contact: <sip:" CALLER_NUMBER
		"@%s%s>\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, PRACK\r\n"
		"Supported: timer, replaces\r\nSession-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n"
		"User-Agent: bench\r\n",
		l->caller.text, contact_tail(l));
	put_sdp(&t, &l->caller, call);
	return t.len;
}

bool load_line(struct load_slice *rest, struct load_slice *line)
{
	const char *eol = memchr(rest->at, '\r', rest->len);
	size_t n;

	if (eol == NULL || (size_t)(eol - rest->at) + 2 > rest->len)
		return false;
	n = (size_t)(eol - rest->at);
	*line = (struct load_slice){rest->at, n};
	rest->at += n + 2;
	rest->len -= n + 2;
	return n > 0; // the empty line ends the header
}

bool load_is_header(struct load_slice line, const char *name)
{
	size_t n = strlen(name);

	if (line.len <= n || strncasecmp(line.at, name, n) != 0)
		return false;
	while (n < line.len && line.at[n] == ' ')
		n++;
	return n < line.len && line.at[n] == ':';
}

int64_t load_index(const struct load *l, struct load_slice m, const char *mark)
{
	const char *p = memmem(m.at, m.len, mark, strlen(mark)), *end = m.at + m.len;
	int64_t v = 0;
	int digits = 0;

	if (p == NULL)
		return -1;
	for (p += strlen(mark); p < end && isdigit((unsigned char)*p) && digits < 9; digits++)
		v = v * 10 + (*p++ - '0');
	return digits > 0 && v < (int64_t)l->calls ? v : -1;
}

// A response of the called side: Via, Record-Route, From, To, Call-ID and CSeq as they came
// (RFC3261#8.2.6.2).
size_t load_response(const struct load *l, char *out, size_t room, struct load_slice request,
	const char *status, uint32_t call, bool dialog, bool body)
{
	struct text t = {out, 0, room};
	struct load_slice line;

	put(&t, "SIP/2.0 %s\r\n", status);
	load_line(&request, &line);
	while (load_line(&request, &line)) {
		bool to = load_is_header(line, "To");
		if (to && memmem(line.at, line.len, ";tag=", 5) == NULL)
			put(&t, "%.*s;tag=b%u\r\n", (int)line.len, line.at, call);
		else if (to || load_is_header(line, "Via") || load_is_header(line, "From") ||
			 load_is_header(line, "Call-ID") || load_is_header(line, "CSeq") ||
			 (dialog && load_is_header(line, "Record-Route")))
			put_line(&t, line);
	}
	if (dialog)
		put(&t, "Contact: <sip:b%08u@%s%s>\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE\r\n", call,
			l->called.text, contact_tail(l));
	if (body)
		put_sdp(&t, &l->called, call);
	else
		put(&t, "Content-Length: 0\r\n\r\n");
	return t.len;
}

struct remote { // what the 200 says of the other side
	struct load_slice to, target, route[ROUTES_MAX];
	int routes;
};

static bool angle(struct load_slice in, struct load_slice *uri)
{
	const char *a = memchr(in.at, '<', in.len), *b;

	if (a == NULL || (b = memchr(a, '>', in.len - (size_t)(a - in.at))) == NULL)
		return false;
	*uri = (struct load_slice){a + 1, (size_t)(b - a - 1)};
	return true;
}

static void remote_read(struct remote *r, struct load_slice ok)
{
	struct load_slice line, uri;

	while (load_line(&ok, &line)) {
		if (load_is_header(line, "To"))
			r->to = line;
		else if (load_is_header(line, "Contact") && angle(line, &uri))
			r->target = uri;
		else if (load_is_header(line, "Record-Route"))
			while (r->routes < ROUTES_MAX && angle(line, &uri)) {
				r->route[r->routes++] = uri;
				line.len -= (size_t)(uri.at + uri.len - line.at);
				line.at = uri.at + uri.len;
			}
	}
}

// ACK or BYE of the caller: remote target, route set reversed (RFC3261#12.1.2, 12.2.1.1).
size_t load_in_dialog(const struct load *l, char *out, size_t room, struct load_slice ok, const char *method,
	uint32_t cseq, uint32_t call)
{
	struct text t = {out, 0, room};
	struct remote r = {0};

	remote_read(&r, ok);
	if (r.to.len == 0 || r.target.len == 0)
		return 0;
	put(&t, "%s %.*s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%c%u-%x;rport\r\nMax-Forwards: 70\r\n",
		method, (int)r.target.len, r.target.at, transport(l), l->caller.text, method[0], call,
		l->run_id);
	while (r.routes > 0) {
		struct load_slice route = r.route[--r.routes];
		put(&t, "Route: <%.*s>\r\n", (int)route.len, route.at);
	}
	put_identity(&t, l, call);
	put_line(&t, r.to);
	put_call_id(&t, l, call, cseq, method);
	put(&t, "Content-Length: 0\r\n\r\n");
	return t.len;
}
