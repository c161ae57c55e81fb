// SPDX-License-Identifier: Apache-2.0
// SF-C3, LRF-C2: a search over every octet that reached one side for what belongs to the other.
#include "audit/inside.h"

struct secrets {
	const char *name[AUDIT_SECRETS_MAX];
	char text[AUDIT_SECRETS_MAX][2 * AUDIT_TEXT_MAX];
	uint32_t count;
};

static void secret(struct secrets *s, const char *name, const char *text)
{
	if (s->count >= AUDIT_SECRETS_MAX || text[0] == '\0')
		return;
	s->name[s->count] = name;
	(void)snprintf(s->text[s->count++], sizeof(s->text[0]), "%s", text);
}

static bool part_of_number(uint8_t c)
{
	return (c >= '0' && c <= '9') || c == '.';
}

// Does TEXT stand in the octets, and not as a part of a longer address?
static bool stands(const uint8_t *at, uint32_t n, const char *text)
{
	size_t len = strlen(text);

	for (const uint8_t *p = at; len > 0 && len <= n;) {
		size_t left = n - (size_t)(p - at);
		p = left >= len ? memmem(p, left, text, len) : NULL;
		if (p == NULL)
			return false;
		bool number = part_of_number((uint8_t)text[len - 1]);
		bool before = number && p > at && part_of_number(p[-1]);
		bool after = number && p + len < at + n && part_of_number(p[len]);
		if (!before && !after)
			return true;
		p++;
	}
	return false;
}

static uint32_t search(const struct audit_end *e, const struct secrets *s, const char *side, struct audit_result *r)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < s->count; i++)
		if (stands(e->log, e->log_len, s->text[i])) {
			audit_find(r, false, "%s of the other side reached %s: %.60s", s->name[i], side, s->text[i]);
			found++;
		}
	return found;
}

static void host_secret(struct secrets *s, const char *name, const struct address *a)
{
	char text[ADDRESS_TEXT_MAX];

	(void)address_host_text(a, text); // its length is not needed
	secret(s, name, text);
}

static void own_secrets(const struct audit *a, const struct audit_call *c, struct secrets *caller, struct secrets *called)
{
	host_secret(caller, "address", &a->end[AUDIT_CALLER].local);
	secret(caller, "Call-ID", c->call_id);
	secret(caller, "tag", c->from_tag);
	secret(caller, "branch", c->branch);
	host_secret(called, "address", &a->end[AUDIT_CALLED].local);
	secret(called, "tag", c->called_tag);
}

// A whole call with marks in everything that may carry them; the sides' logs are kept.
static bool marked_call(struct audit *a, struct audit_call *c, struct audit_result *r)
{
	a->end[AUDIT_CALLER].logging = a->end[AUDIT_CALLED].logging = true;
	if (!audit_call_set_up(a, c, r))
		return false;
	return audit_call_end(a, c, r);
}

void audit_probe_topology(struct audit *a, struct audit_result *r)
{
	static const char caller_lines[] =
		"User-Agent: audit-caller-agent/1\r\nOrganization: audit-caller-organization\r\n"
		"Subject: audit-caller-subject\r\nCall-Info: <http://inside-caller.audit.invalid/x>;purpose=info\r\n"
		"P-Preferred-Identity: <sip:alice@inside-caller.audit.invalid>\r\nX-Internal: audit-caller-unknown\r\n";
	static const char called_lines[] =
		"Server: audit-called-agent/1\r\nWarning: 399 inside-called.audit.invalid \"audit-called-warning\"\r\n"
		"Organization: audit-called-organization\r\nX-Internal: audit-called-unknown\r\n"
		"Error-Info: <http://inside-called.audit.invalid/x>\r\n";
	struct audit_call c = {.caller_extra = caller_lines, .called_extra = called_lines, .mark = "audit-sdp-mark"};
	struct secrets caller = {0}, called = {0};

	bool whole = marked_call(a, &c, r);
	if (c.invite_len == 0)
		return;
	own_secrets(a, &c, &caller, &called);
	secret(&caller, "User-Agent", "audit-caller-agent");
	secret(&caller, "host name", "inside-caller.audit.invalid");
	secret(&caller, "unknown header", "audit-caller-unknown");
	secret(&caller, "Organization", "audit-caller-organization");
	secret(&caller, "SDP origin or name", "audit-sdp-mark");
	secret(&called, "Server", "audit-called-agent");
	secret(&called, "Warning", "audit-called-warning");
	secret(&called, "host name", "inside-called.audit.invalid");
	secret(&called, "unknown header", "audit-called-unknown");
	secret(&called, "SDP origin or name", "audit-sdp-mark");
	const struct audit_end *one = &a->end[AUDIT_CALLED], *two = &a->end[AUDIT_CALLER];
	if (search(one, &caller, "the called side", r) + search(two, &called, "the caller", r) > 0 || !whole)
		return; // what crossed before a call broke off has crossed
	audit_find(r, true, "%u octets at the called side and %u at the caller hold none of %u names of the other side",
		one->log_len, two->log_len, caller.count + called.count);
}

void audit_probe_devices(struct audit *a, struct audit_result *r)
{
	static const char lines[] =
		"Via: SIP/2.0/UDP phone-7.inside-caller.audit.invalid:5060;branch=z9hG4bKaudit-device-7;received=10.98.76.5\r\n"
		"Via: SIP/2.0/TCP [fd00:98:76::5]:5060;branch=z9hG4bKaudit-device-8\r\n"
		"Record-Route: <sip:proxy-1.inside-caller.audit.invalid;lr>,<sip:10.98.76.6;lr;x=audit-device-9>\r\n";
	struct audit_call c = {.caller_extra = lines,
		.called_extra = "Record-Route: <sip:proxy-2.inside-called.audit.invalid;lr>\r\n"};
	struct secrets caller = {0}, called = {0};

	bool whole = marked_call(a, &c, r);
	if (c.invite_len == 0)
		return;
	own_secrets(a, &c, &caller, &called);
	secret(&caller, "Via host", "inside-caller.audit.invalid");
	secret(&caller, "Via branch", "audit-device");
	secret(&caller, "Via received", "10.98.76.5");
	secret(&caller, "Via host", "fd00:98:76::5");
	secret(&caller, "Record-Route host", "10.98.76.6");
	secret(&called, "Record-Route host", "inside-called.audit.invalid");
	const struct audit_end *one = &a->end[AUDIT_CALLED], *two = &a->end[AUDIT_CALLER];
	if (search(one, &caller, "the called side", r) + search(two, &called, "the caller", r) > 0 || !whole)
		return; // what crossed before a call broke off has crossed
	audit_find(r, true, "3 Via and 3 Record-Route values of earlier hops stayed on their side");
}
