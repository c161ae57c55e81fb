// SPDX-License-Identifier: Apache-2.0
// What must belong to one peer alone: its name, its certificate names, and, when its address is all that
// tells it from others, its address ranges (SF-I10).
//
// One sorted list finds all that are shared, however many peers there are.
#include "conf/steps.h"
#include "base/memory.h"

#include <stdlib.h>

enum unique_kind { UNIQUE_NAME, UNIQUE_TLS, UNIQUE_RANGE };

struct unique {
	enum unique_kind kind;
	zone_id zone;
	const void *at;
	size_t len;
	const struct conf_peer *peer;
};

struct unique_list {
	struct unique *entry;
	size_t count;
};

static int order_unique(const void *left, const void *right)
{
	const struct unique *a = left, *b = right;
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->zone != b->zone)
		return a->zone < b->zone ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	order = memcmp(a->at, b->at, a->len);
	if (order != 0)
		return order;
	return a->peer < b->peer ? -1 : a->peer > b->peer; // all in one array
}

static void add(
	struct unique_list *l, enum unique_kind kind, const struct conf_peer *p, const void *at, size_t len)
{
	l->entry[l->count++] =
		(struct unique){kind, kind == UNIQUE_NAME ? (zone_id)0 : p->peer.zone, at, len, p};
}

static void add_peer(struct unique_list *l, const struct conf_peer *p)
{
	const struct peer *q = &p->peer;

	if (q->name[0] != '\0')
		add(l, UNIQUE_NAME, p, q->name, strlen(q->name));
	for (uint32_t i = 0; i < q->tls_name_count; i++) {
		const char *host =
			strncmp(q->tls_name[i], "sip:", 4) == 0 ? q->tls_name[i] + 4 : q->tls_name[i];
		add(l, UNIQUE_TLS, p, host, strlen(host));
	}
	for (uint32_t i = 0; i < q->address_count; i++)
		add(l, UNIQUE_RANGE, p, &q->address[i], sizeof(q->address[i]));
}

static bool clear_transport(const struct conf_peer *p)
{
	return p->peer.reach_transport != TRANSPORT_TLS;
}

static void say(struct conf_load *c, const struct unique *first, const struct unique *again)
{
	const char *other = first->peer->peer.name;

	switch (again->kind) {
	case UNIQUE_NAME:
		conf_error(c, conf_tree_place(again->peer->node, "name"),
			"peer \"%s\" stands twice; give one another name", other);
		break;
	case UNIQUE_TLS:
		conf_error(c, conf_tree_place(again->peer->node, "known_by.tls_names"),
			"certificate name \"%.100s\" is also "
			"peer %s's; a name may prove one peer only",
			(const char *)again->at, other);
		break;
	case UNIQUE_RANGE:
		if (clear_transport(first->peer) || clear_transport(again->peer))
			conf_error(c, conf_tree_place(again->peer->node, "known_by.addresses"),
				"a range is also peer %s's, and "
				"without tls on both only the address tells them apart; give each its own "
				"range",
				other);
		break;
	}
}

static bool same(const struct unique *a, const struct unique *b)
{
	return a->kind == b->kind && a->zone == b->zone && a->len == b->len &&
	       memcmp(a->at, b->at, a->len) == 0;
}

void conf_check_unique(struct conf_load *c)
{
	struct conf_draft *d = &c->draft;
	size_t room = (size_t)d->peer_count * (1 + PEER_TLS_NAMES_MAX + PEER_PREFIXES_MAX) + 1;
	struct unique_list l = {.entry = memory_array(room, sizeof(struct unique))};

	if (l.entry == NULL) {
		c->messages.no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < d->peer_count; i++)
		add_peer(&l, &d->peer[i]);
	qsort(l.entry, l.count, sizeof(*l.entry), order_unique);
	for (size_t i = 1; i < l.count; i++) {
		if (same(&l.entry[i - 1], &l.entry[i]) && l.entry[i - 1].peer != l.entry[i].peer)
			say(c, &l.entry[i - 1], &l.entry[i]);
	}
	memory_free(l.entry);
}
