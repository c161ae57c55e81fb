// SPDX-License-Identifier: Apache-2.0
// Look-up in the registry: number first, because most interconnects address numbers under a domain that is
// the border element's own; then the domain.
#include "luf/luf.h"


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

result luf_query_make(struct query *q, uint8_t kind, struct bytes user, struct bytes host, const char *number,
	const char *caller)
{
	*q = (struct query){.kind = kind, .from_peer = PEER_NONE};
	TRY(text_copy(q->user, sizeof(q->user), user, false));
	TRY(text_copy(q->domain, sizeof(q->domain), host, true));
	TRY(text_copy(q->number, sizeof(q->number), bytes_of_string(number), false));
	return text_copy(q->caller, sizeof(q->caller), bytes_of_string(caller), false);
}

result luf_lookup(const struct registry *r, const struct query *q, struct target *out)
{
	peer_id id = PEER_NONE;
	if (q->number[0] != '\0')
		id = registry_peer_by_number(r, q->number, q->from_zone);
	if (id == PEER_NONE && q->domain[0] != '\0')
		id = registry_peer_by_domain(r, q->domain, q->from_zone);
	const struct peer *p = snapshot_peer(registry_snapshot(r), id);
	REQUIRE(p != NULL, E_NOT_FOUND);
	// A peer that lists the numbers it takes gets no others, not even by its domain (SF-I12).
	REQUIRE(q->number[0] == '\0' || numbers_contain(p->calls_to, p->calls_to_count, q->number), E_NOT_FOUND);
	out->peer = id;
	memcpy(out->domain, p->reach_domain, sizeof(out->domain));
	return OK;
}
