// SPDX-License-Identifier: Apache-2.0
// Plan sessions: making, copying, forgetting, ports, and the media plan that follows from what is agreed.
//
// Two tables at most: the agreed one and the one of the outstanding offer. Both hold keys and are wiped when freed.
#include "mf/plan/session.h"

#include "base/memory.h"

enum { SESSION_ID_SHIFT = 2 };
static const uint64_t FNV64_SEED = 0xcbf29ce484222325ull, FNV64_PRIME = 0x100000001b3ull;

uint64_t plan_hash(struct bytes b)
{
	uint64_t h = FNV64_SEED;

	for (size_t i = 0; i < b.len; i++)
		h = (h ^ b.at[i]) * FNV64_PRIME;
	return h == 0 ? 1 : h;
}

uint32_t plan_name_hash(struct bytes b)
{
	uint64_t h = plan_hash(b);

	return (uint32_t)(h ^ (h >> 32));
}

static size_t table_size(uint8_t count)
{
	return sizeof(struct plan_table) + count * sizeof(struct plan_line);
}

struct plan_table *plan_table_new(uint8_t count)
{
	struct plan_table *t = memory_alloc(table_size(count));

	if (t == NULL)
		return NULL;
	t->count = count;
	t->offered = memory_array(count == 0 ? 1 : count, sizeof(*t->offered));
	if (t->offered == NULL) {
		memory_free(t);
		return NULL;
	}
	return t;
}

static void offered_free(struct plan_table *t)
{
	if (t->offered == NULL)
		return;
	memory_wipe(t->offered, t->count * sizeof(*t->offered)); // MF-C4
	memory_free(t->offered);
	t->offered = NULL;
}

void plan_table_free(struct plan_table *t)
{
	if (t == NULL)
		return;
	offered_free(t);
	memory_wipe(t, table_size(t->count));
	memory_free(t);
}

static bool table_copy(const struct plan_table *from, struct plan_table **to)
{
	struct plan_offered *offered;

	*to = NULL;
	if (from == NULL)
		return true;
	*to = plan_table_new(from->count);
	if (*to == NULL)
		return false;
	offered = (*to)->offered;
	memcpy(*to, from, table_size(from->count));
	(*to)->offered = offered;
	if (from->offered != NULL)
		memcpy(offered, from->offered, from->count * sizeof(*offered));
	else
		offered_free(*to);
	return true;
}

result plan_begin(struct plan_session **out, const struct plan_context *c)
{
	struct plan_session *s = memory_alloc(sizeof(*s));

	*out = s;
	REQUIRE(s != NULL, E_NO_MEMORY);
	c->random(c->random_ctx, s->id, sizeof(s->id));
	for (int side = 0; side < 2; side++) {
		s->id[side] >>= SESSION_ID_SHIFT; // fits a signed 64-bit number, as user agents read it
		s->version[side] = 1;
	}
	return OK;
}

void plan_free(struct plan_session *s)
{
	if (s == NULL)
		return;
	plan_table_free(s->agreed);
	plan_table_free(s->pending);
	memory_free(s);
}

struct plan_session *plan_session_new(uint8_t count)
{
	struct plan_session *s = memory_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->agreed = plan_table_new(count);
	if (s->agreed == NULL) {
		memory_free(s);
		return NULL;
	}
	plan_settle(s);
	return s;
}

result plan_clone(const struct plan_session *s, struct plan_session **out)
{
	struct plan_session *n = memory_alloc(sizeof(*n));

	*out = NULL;
	REQUIRE(n != NULL, E_NO_MEMORY);
	*n = *s;
	n->agreed = NULL;
	n->pending = NULL;
	if (!table_copy(s->agreed, &n->agreed) || !table_copy(s->pending, &n->pending)) {
		plan_free(n);
		return FAIL(E_NO_MEMORY);
	}
	if (n->pending == NULL && n->agreed != NULL && n->agreed->offered != NULL) {
		n->pending = n->agreed; // the first branch has its answer; this one still waits for its own
		n->pending->answered = 0;
		n->agreed = NULL;
	}
	*out = n;
	return OK;
}

void plan_rollback(struct plan_session *s)
{
	plan_table_free(s->pending);
	s->pending = NULL;
}

void plan_settle(struct plan_session *s)
{
	if (s->agreed != NULL)
		offered_free(s->agreed);
}

bool plan_offer_pending(const struct plan_session *s)
{
	return s->pending != NULL;
}

bool plan_agreed(const struct plan_session *s)
{
	return s->agreed != NULL;
}

bool plan_enforced(struct plan_context *c, int side, enum control control)
{
	const struct peer *p = c->leg[side].peer;

	if (p->waiver[control].set) {
		c->waived |= 1u << control;
		return false;
	}
	if (p->shadow[control]) {
		c->shadowed |= 1u << control;
		return false;
	}
	return true;
}

// Streams of the outstanding offer that need ports: up to its last active line.
static uint8_t streams_needed(const struct plan_table *t)
{
	uint8_t n = 0;

	if (t == NULL || !t->anchored)
		return 0;
	for (uint8_t i = 0; i < t->count; i++)
		if (t->line[i].active)
			n = (uint8_t)(i + 1);
	return n;
}

bool plan_needs_ports(const struct plan_session *s)
{
	return streams_needed(s->pending) > s->ports;
}

result plan_ports(struct plan_session *s, const struct media_ports *ports)
{
	REQUIRE(ports->count <= MEDIA_STREAMS_MAX && ports->count >= streams_needed(s->pending), E_POLICY);
	for (uint8_t i = 0; i < ports->count; i++)
		for (int side = 0; side < 2; side++) {
			REQUIRE(ports->rtp[i][side].port != 0 && ports->rtp[i][side].port < UINT16_MAX, E_POLICY);
			s->port[i][side] = ports->rtp[i][side].port;
		}
	s->ports = ports->count;
	return OK;
}

// ---- the media plan ----------------------------------------------------------------------------------------

static bool sends(uint8_t direction)
{
	return direction == DIRECTION_SENDRECV || direction == DIRECTION_SENDONLY;
}

static bool receives(uint8_t direction)
{
	return direction == DIRECTION_SENDRECV || direction == DIRECTION_RECVONLY;
}

// Waiver media-source: any port of the peer's ranges, those that hold the agreed address first.
static void source_fill(const struct peer *p, struct media_side *m)
{
	const struct prefix *range = p->media_address_count > 0 ? p->media_address : p->address;
	uint8_t n = p->media_address_count > 0 ? p->media_address_count : p->address_count;

	if (!p->waiver[CONTROL_MEDIA_SOURCE].set)
		return;
	for (int holds = 1; holds >= 0; holds--)
		for (uint8_t i = 0; i < n && i < PEER_PREFIXES_MAX && m->source_count < MEDIA_PREFIXES_MAX; i++)
			if (prefix_contains(&range[i], &m->remote_rtp) == (holds == 1))
				m->source[m->source_count++] = range[i];
	m->any_source = m->source_count > 0;
}

static void side_fill(const struct plan_line *l, int i, bool answered, const struct peer *peer, struct media_side *m)
{
	const struct plan_side *own = &l->side[i], *other = &l->side[1 - i];
	bool mux = own->mux && other->mux;

	m->remote_rtp = own->rtp;
	m->remote_rtcp = mux ? own->rtp : own->rtcp;
	m->rtcp_mux = mux;
	source_fill(peer, m);
	if (!answered)
		return;
	m->may_send = sends(own->direction) && receives(other->direction);
	m->payload_count = other->payload_count;
	memcpy(m->payload, other->payload, sizeof(m->payload));
	m->bandwidth_bps = other->bandwidth_bps;
	if (!mode_keys(l->mode)) {
		m->in = l->key[i]; // authenticated in passing (MF-I1); nothing is re-keyed
	} else if (l->keyed == i) {
		m->in = l->key[0];
		m->out = l->key[1];
	}
}

void plan_media(const struct plan_session *s, const struct plan_context *c, struct media_plan *out)
{
	const struct plan_table *t = s->pending;

	memset(out, 0, sizeof(*out));
	if (s->agreed != NULL && (t == NULL || !t->answered))
		t = s->agreed;
	if (t == NULL || !t->anchored)
		return;
	out->count = t->count;
	for (uint8_t i = 0; i < t->count; i++) {
		const struct plan_line *l = &t->line[i];
		struct media_stream *m = &out->stream[i];
		m->kind = l->kind;
		m->active = l->active;
		if (!l->active)
			continue;
		m->keying = (uint8_t)keying_of_mode(l->mode);
		m->opaque = l->opaque;
		memcpy(m->codec, l->codec, sizeof(m->codec));
		m->rtcp_reduced = l->side[0].reduced && l->side[1].reduced;
		for (int side = 0; side < 2; side++)
			side_fill(l, side, t->answered, c->leg[side].peer, &m->side[side]);
	}
}
