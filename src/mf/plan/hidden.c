// SPDX-License-Identifier: Apache-2.0
// Does a line that we do not edit tell something of the core (SF-C3, LRF-C2)?
//
// Hosts and domains are found as whole names, also as the end of a longer name; addresses as numbers, whatever way they
// are written, within the core's own ranges.
#include "mf/plan/session.h"

static bool is_name_octet(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_address_octet(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' || c == ':';
}

// NAME at I: begins at a label, ends at the end of the name.
static bool name_at(struct bytes text, size_t i, struct bytes name)
{
	size_t end = i + name.len;

	if (!bytes_equal_nocase(bytes_make(text.at + i, name.len), name))
		return false;
	if (i > 0 && is_name_octet(text.at[i - 1]))
		return false;
	if (end < text.len && text.at[end] == '.')
		end++;
	return end >= text.len || !is_name_octet(text.at[end]);
}

static bool holds_name(struct bytes text, struct bytes name)
{
	if (name.len == 0 || name.len > text.len)
		return false;
	for (size_t i = 0; i + name.len <= text.len; i++)
		if (name_at(text, i, name))
			return true;
	return false;
}

static bool address_hidden(const struct plan_context *c, int from, const struct address *a)
{
	const struct peer *p = c->leg[from].peer;
	const struct listener *l = c->leg[from].listener;

	if (prefixes_contain(c->hidden_net, c->hidden_net_count, a) || prefixes_contain(p->address, p->address_count, a) ||
	    prefixes_contain(p->media_address, p->media_address_count, a) || address_same_host(&l->media, a))
		return true;
	for (uint8_t i = 0; i < l->sip_count && i < LISTENER_SIP_MAX; i++)
		if (address_same_host(&l->sip[i].address, a))
			return true;
	return false;
}

// Is the run of address octets [AT, AT+LEN) such an address? IPv4 may carry a port or a full stop behind it.
static bool run_hidden(const struct plan_context *c, int from, struct bytes run)
{
	struct address a;

	while (run.len > 0 && (run.at[run.len - 1] == '.' || run.at[run.len - 1] == ':')) {
		if (is_ok(address_parse_host(run, 0, &a)) && address_hidden(c, from, &a))
			return true; // "2001:db8::"
		run.len--;
	}
	if (is_ok(address_parse_host(run, 0, &a)) && address_hidden(c, from, &a))
		return true;
	const uint8_t *colon = run.len > 0 ? memchr(run.at, ':', run.len) : NULL;
	if (colon == NULL)
		return false;
	struct bytes head = bytes_make(run.at, (size_t)(colon - run.at));
	struct bytes tail = bytes_make(colon + 1, run.len - head.len - 1);
	return (is_ok(address_parse_host(head, 0, &a)) && address_hidden(c, from, &a)) ||
	       (is_ok(address_parse_host(tail, 0, &a)) && address_hidden(c, from, &a));
}

static bool holds_address(const struct plan_context *c, int from, struct bytes text)
{
	for (size_t i = 0; i < text.len;) {
		size_t end = i;
		while (end < text.len && is_address_octet(text.at[end]))
			end++;
		if (end - i >= 2 && run_hidden(c, from, bytes_make(text.at + i, end - i)))
			return true;
		i = end + 1;
	}
	return false;
}

bool plan_holds_hidden(const struct plan_context *c, int from, struct bytes text)
{
	if (!c->leg[from].core)
		return false;
	for (uint32_t i = 0; i < c->hidden_count && i < PLAN_HIDDEN_MAX; i++)
		if (holds_name(text, c->hidden[i]))
			return true;
	return holds_address(c, from, text);
}
