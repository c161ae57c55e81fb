// SPDX-License-Identifier: Apache-2.0
// Requests above the path limit (RFC3261#18.1.1): they leave UDP for a stream that the peer lists on the same host, and
// come back to UDP when that stream cannot be had.
//
// The first INVITE takes the whole dialog with it: its Contact says so. A request inside a dialog goes the other way
// alone. Only addresses of the peer's own targets are dialled (SF-A4).
#include "sf/inside.h"

#include "base/memory.h"

bool path_stream(const struct sf *sf, const struct hop *hop, peer_id id, size_t len, struct hop *stream)
{
	const struct peer *p = sf_peer(sf, id);
	uint16_t limit = sf->snapshot->settings.udp_path_limit;

	if (hop->transport != TRANSPORT_UDP || limit == 0 || len <= limit || p == NULL)
		return false;
	for (uint32_t i = 0; i < p->target_count && i < PEER_TARGETS_MAX; i++) {
		enum transport t = (enum transport)(p->target[i].transport % TRANSPORT_COUNT);
		if (!transport_is_stream(t) || !address_same_host(&p->target[i].address, &hop->remote) ||
			sf->local[hop->listener % LISTENERS_MAX][t][hop->remote.family == 6].len == 0)
			continue;
		*stream = (struct hop){.transport = t,
			.listener = hop->listener,
			.peer = id,
			.remote = p->target[i].address};
		return true;
	}
	return false;
}

// ---- requests that open something: the hop of the SED is changed ---------------------------------------

bool path_leave_udp(const struct sf *sf, struct early *e, size_t len)
{
	struct hop *hop = &e->hop[e->hop_at], stream;

	if (e->path != PATH_AS_PLANNED || !path_stream(sf, hop, e->peer, len, &stream))
		return false;
	e->udp = *hop;
	*hop = stream;
	e->path = PATH_STREAM;
	return true;
}

bool path_return(struct early *e)
{
	if (e->path != PATH_STREAM)
		return false;
	e->hop[e->hop_at] = e->udp;
	e->path = PATH_BACK;
	return true;
}

// ---- requests inside a dialog: the datagram is kept until the stream has shown that it works -----------

struct detour *detour_new(struct sf_tx *tx, const struct hop *hop, struct bytes octets)
{
	struct detour *d = memory_alloc(sizeof(*d) + octets.len);

	if (d == NULL)
		return NULL;
	d->tx = tx;
	d->hop = *hop;
	d->len = (uint32_t)octets.len;
	memcpy(d->octets, octets.at, octets.len);
	return d;
}

void detour_end(struct sf_relay *r)
{
	if (r->detour == NULL)
		return;
	if (r->detour->tx != NULL)
		sf_tx_abandon(r->detour->tx);
	memory_free(r->detour);
	r->detour = NULL;
}

bool detour_back(struct sf_relay *r, const struct now *now)
{
	struct detour *d = r->detour;

	if (d == NULL || d->tx == NULL)
		return false;
	if (r->branch != NULL)
		branch_leg(r->branch, !r->asker)->no_stream = true;
	sf_tx_abandon(r->client);
	r->client = d->tx;
	d->tx = NULL;
	sf_tx_client_start(r->client, &d->hop, bytes_make(d->octets, d->len), now);
	if (r->cancelled)
		sf_tx_cancel(r->client, now);
	detour_end(r);
	return true;
}
