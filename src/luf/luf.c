// SPDX-License-Identifier: Apache-2.0
// Look-up in the registry: number first, because most interconnects address numbers under a domain that is
// the border element's own; then the domain.
#include "luf/luf.h"

#include "registry/ldr.h"
#include "terms/ipc_lookup.h"

enum { E164_DIGITS_MAX = 15 };

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

// Copy B as lower-case text of at most CAP octets with its NUL.
static result text_copy(char *out, size_t cap, struct bytes b, bool fold)
{
	REQUIRE(b.len < cap, E_TOO_LONG);
	for (size_t i = 0; i < b.len; i++) {
		REQUIRE(b.at[i] > 0x20 && b.at[i] != 0x7f, E_SYNTAX);
		out[i] = fold ? lower(b.at[i]) : (char)b.at[i];
	}
	out[b.len] = '\0';
	return OK;
}

// The value of parameter NAME ("rn=", ";npdi") in USER, up to the next ";".
static bool parameter(struct bytes user, const char *name, struct bytes *value)
{
	size_t n = strlen(name);
	for (size_t i = 0; i + n < user.len + 1 && user.len >= n; i++) {
		if (user.at[i] != ';' || i + 1 + n > user.len || !bytes_equal_nocase(bytes_make(user.at + i + 1, n), bytes_of_string(name)))
			continue;
		size_t end = i + 1 + n;
		while (end < user.len && user.at[end] != ';')
			end++;
		*value = bytes_make(user.at + i + 1 + n, end - (i + 1 + n));
		return true;
	}
	return false;
}

// Global routing numbers only: a local one means nothing at another provider's border (RFC4694#4).
result luf_query_portability(struct query *q, struct bytes user)
{
	struct bytes value;
	uint32_t n = 0;
	q->npdi = parameter(user, "npdi", &value) && value.len == 0;
	if (!parameter(user, "rn=", &value))
		return OK;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.at[i];
		if (i > 0 && (c == '-' || c == '.')) // visual separators (RFC3966#5.1.1)
			continue;
		REQUIRE((c >= '0' && c <= '9' && i > 0) || (c == '+' && i == 0), E_SYNTAX);
		REQUIRE(n < 1 + E164_DIGITS_MAX, E_TOO_LONG);
		q->rn[n++] = (char)c;
	}
	REQUIRE(n > 1, E_SYNTAX);
	return OK;
}

result luf_query_make(struct query *q, uint8_t kind, struct bytes user, struct bytes host, const char *number,
	const char *caller)
{
	*q = (struct query){.kind = kind, .from_peer = PEER_NONE};
	TRY(text_copy(q->user, sizeof(q->user), user, false));
	TRY(text_copy(q->domain, sizeof(q->domain), host, true));
	TRY(text_copy(q->number, sizeof(q->number), bytes_of_string(number), false));
	TRY(text_copy(q->caller, sizeof(q->caller), bytes_of_string(caller), false));
	return number[0] != '\0' ? luf_query_portability(q, user) : OK;
}

const char *luf_key(const struct query *q)
{
	return q->rn[0] != '\0' ? q->rn : q->number;
}

static struct asker asker_of(const struct query *q)
{
	return (struct asker){q->from_peer, q->from_zone, q->tell != 0};
}

static result answer(const struct registry *r, const struct query *q, peer_id id, struct target *out)
{
	const struct peer *p = snapshot_peer(registry_snapshot(r), id);
	// A peer that lists the numbers it takes gets no others, not even by its domain or by what ENUM says (SF-I12).
	REQUIRE(p != NULL && registry_takes(r, id, luf_key(q)), E_NOT_FOUND);
	*out = (struct target){.peer = id, .group = GROUP_NONE, .npdi = q->npdi};
	memcpy(out->domain, luf_domain(r, q, id), sizeof(out->domain));
	memcpy(out->rn, q->rn, sizeof(out->rn));
	return OK;
}

bool luf_on_demand(const struct registry *r, const struct query *q)
{
	struct asker a = asker_of(q);
	return q->domain[0] != '\0' && registry_demand_by(r, q->domain, &a) != PEER_NONE;
}

bool luf_knows_domain(const struct registry *r, const struct query *q)
{
	const struct ldr *l = registry_ldr(r);
	struct asker a = asker_of(q);
	return luf_on_demand(r, q) || registry_match_domain(r, q->domain, &a) != PEER_NONE || (l != NULL && groups_domain(l->groups, q->domain) != TARGET_NONE);
}

const char *luf_domain(const struct registry *r, const struct query *q, peer_id peer)
{
	const struct snapshot *s = registry_snapshot(r);
	const struct peer *p = snapshot_peer(s, peer);
	if (p == NULL)
		return "";
	// Who asks is told our domain instead of anything of the core's (LRF-C1).
	return q->tell && s->zone[p->zone].is_core ? s->settings.domain : p->reach_domain;
}

result luf_accept(const struct registry *r, const struct query *q, peer_id peer, struct target *out)
{
	struct asker a = asker_of(q);
	REQUIRE(registry_serves(r, peer, &a), E_NOT_FOUND);
	return answer(r, q, peer, out);
}

// What the database says: a group, out of which the LRF chooses. A routing number that it adds is told onwards (RFC 4694).
static void by_database(const struct query *q, const struct ldr_found *f, struct target *out)
{
	*out = (struct target){.peer = PEER_NONE, .group = f->target, .npdi = q->npdi, .source = LOOKUP_FROM_REGISTRY,
		.verdict = DNS_SECURE};
	memcpy(out->rn, q->rn, sizeof(out->rn));
	if (f->rn == 0)
		return;
	range_key_text(f->rn, out->rn);
	out->npdi = 1;
}

// The longer prefix wins, and of two as long the database's: it is kept up to date.
static result by_number(const struct registry *r, const struct query *q, struct target *out)
{
	const struct ldr *l = registry_ldr(r);
	struct asker a = asker_of(q);
	struct ldr_found f;
	uint32_t length;
	peer_id id = registry_match_number(r, luf_key(q), &a, &length);
	if (l != NULL && ldr_find(l, luf_key(q), &f) && (id == PEER_NONE || f.digits + 1 >= length)) {
		by_database(q, &f, out);
		return OK;
	}
	return answer(r, q, id, out);
}

static result by_domain(const struct registry *r, const struct query *q, struct target *out)
{
	const struct ldr *l = registry_ldr(r);
	struct asker a = asker_of(q);
	uint32_t target = l != NULL ? groups_domain(l->groups, q->domain) : TARGET_NONE;
	if (target != TARGET_NONE) {
		by_database(q, &(struct ldr_found){.target = target}, out);
		return OK;
	}
	return answer(r, q, registry_match_domain(r, q->domain, &a), out);
}

result luf_lookup(const struct registry *r, const struct query *q, struct target *out)
{
	result found = FAIL(E_NOT_FOUND);
	const struct settings *s = &registry_snapshot(r)->settings;
	REQUIRE(s->registry == 0 || registry_ldr(r) != NULL, E_AGAIN); // it has not come yet
	if (luf_key(q)[0] != '\0')
		found = by_number(r, q, out);
	if (!is_ok(found) && q->domain[0] != '\0')
		found = by_domain(r, q, out);
	return found;
}
