// SPDX-License-Identifier: Apache-2.0
// One row per kind of pair; who holds which end.
#include "main/channels.h"

#include "main/control.h"
#include "registry/snapshot.h"
#include "terms/ipc_control.h"

#include <sys/socket.h>
#include <unistd.h>

enum { CHANNEL_BUFFER = 1024 * 1024 }; // [octets] 100 media plans or answers under way; more is E_FULL

static result pair_open(struct channel_pair *p)
{
	int octets = CHANNEL_BUFFER;
	TRY(control_pair(p->end));
	for (int i = 0; i < 2; i++)
		setsockopt(p->end[i], SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets)); // less is only slower
	return OK;
}

static void pair_close(struct channel_pair *p)
{
	for (int i = 0; i < 2; i++) {
		if (p->end[i] >= 0)
			close(p->end[i]);
		p->end[i] = -1;
	}
}

static void each(struct channels *c, void (*visit)(struct channel_pair *))
{
	for (uint32_t i = 0; i < NET_WORKERS_MAX; i++) {
		visit(&c->media[i]);
		visit(&c->lookup[i]);
	}
	for (uint32_t i = 0; i < NET_HANDSHAKERS_MAX; i++)
		visit(&c->sign[i]);
	visit(&c->signaller);
	visit(&c->directory);
	visit(&c->dns);
	visit(&c->ldr);
	visit(&c->portal_lookup);
	visit(&c->portal_sign);
}

static void pair_none(struct channel_pair *p)
{
	p->end[0] = p->end[1] = -1;
}

_Static_assert((int)WORKERS_MAX <= (int)NET_WORKERS_MAX, "what the configuration admits must start");
_Static_assert((int)HANDSHAKE_THREADS_MAX <= (int)NET_HANDSHAKERS_MAX, "what the configuration admits must start");

result channels_open(struct channels *c, uint32_t workers, uint32_t handshake_threads)
{
	each(c, pair_none);
	REQUIRE(workers <= NET_WORKERS_MAX && handshake_threads <= NET_HANDSHAKERS_MAX, E_CONFIG);
	for (uint32_t i = 0; i < workers; i++) {
		TRY(pair_open(&c->media[i]));
		TRY(pair_open(&c->lookup[i]));
	}
	for (uint32_t i = 0; i < handshake_threads; i++)
		TRY(pair_open(&c->sign[i]));
	TRY(pair_open(&c->signaller));
	TRY(pair_open(&c->directory));
	TRY(pair_open(&c->dns));
	TRY(pair_open(&c->ldr));
	TRY(pair_open(&c->portal_lookup));
	return pair_open(&c->portal_sign);
}

void channels_close(struct channels *c)
{
	each(c, pair_close);
}

void channels_of_role(const struct channels *c, unsigned role, void (*keep)(void *ctx, int fd), void *ctx)
{
	int media = role == ROLE_SIGNALLER ? 0 : role == ROLE_MEDIA ? 1 : -1;
	int sign = role == ROLE_SIGNALLER ? 0 : role == ROLE_SIGNER ? 1 : -1;
	for (uint32_t i = 0; media >= 0 && i < NET_WORKERS_MAX; i++)
		keep(ctx, c->media[i].end[media]);
	int lookup = role == ROLE_SIGNALLER ? 0 : role == ROLE_DIRECTORY ? 1 : -1;
	for (uint32_t i = 0; lookup >= 0 && i < NET_WORKERS_MAX; i++)
		keep(ctx, c->lookup[i].end[lookup]);
	for (uint32_t i = 0; sign >= 0 && i < NET_HANDSHAKERS_MAX; i++)
		keep(ctx, c->sign[i].end[sign]);
	if (role == ROLE_ADMIN || role == ROLE_SIGNALLER)
		keep(ctx, c->signaller.end[role == ROLE_SIGNALLER]);
	if (role == ROLE_ADMIN || role == ROLE_DIRECTORY)
		keep(ctx, c->directory.end[role == ROLE_DIRECTORY]);
	if (role == ROLE_DIRECTORY || role == ROLE_RESOLVER)
		keep(ctx, c->dns.end[role == ROLE_RESOLVER]);
	if (role == ROLE_SIGNALLER || role == ROLE_DIRECTORY)
		keep(ctx, c->ldr.end[role == ROLE_DIRECTORY]);
	if (role == ROLE_PORTAL || role == ROLE_DIRECTORY)
		keep(ctx, c->portal_lookup.end[role == ROLE_DIRECTORY]);
	if (role == ROLE_PORTAL || role == ROLE_SIGNER)
		keep(ctx, c->portal_sign.end[role == ROLE_SIGNER]);
}
