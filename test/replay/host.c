// SPDX-License-Identifier: Apache-2.0
// The fake network: what the subject sends and says is queued until the scenario expects it.
#include "replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void die(const struct replay *r, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%u: ", r->reader->path, r->reader->line_no);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	for (uint32_t i = 0; i < r->packets; i++)
		fprintf(stderr, "-- sent and not yet expected:\n%.*s\n", (int)r->packet[i].len,
			r->packet[i].octets);
	for (uint32_t i = 0; i < r->events; i++)
		fprintf(stderr, "-- event not yet expected: %s\n", r->event[i]);
	exit(1);
}

// ---- the host
// ---------------------------------------------------------------------------------------------------

bool goes_to(const struct hop *to, const struct replay_peer *p)
{
	if (to->transport != p->transport)
		return false;
	if (transport_is_stream(to->transport) && to->conn.generation != 0)
		return to->conn.id == p->conn.id && to->conn.generation == p->conn.generation;
	return address_equal(&to->remote, &p->address);
}

static result host_send(void *ctx, const struct hop *to, struct bytes octets)
{
	struct replay *r = ctx;

	for (uint32_t i = 0; i < r->peers; i++)
		if (r->unreachable[i] && goes_to(to, &r->peer[i]))
			return FAIL(E_CLOSED);
	for (uint32_t i = 0; i < r->nevers; i++)
		if (goes_to(to, r->never[i].peer) &&
			memmem(octets.at, octets.len, r->never[i].text, strlen(r->never[i].text)) != NULL)
			die(r, "\"%s\" leaves to %s in:\n%.*s", r->never[i].text, r->never[i].peer->name,
				(int)octets.len, (const char *)octets.at);
	if (r->packets == QUEUE_MAX || octets.len >= SCENE_MESSAGE_MAX)
		die(r, "too much is sent");
	struct packet *p = &r->packet[r->packets++];
	p->to = *to;
	p->len = octets.len;
	memcpy(p->octets, octets.at, octets.len);
	p->octets[p->len] = 0;
	return OK;
}

static void host_event(void *ctx, const char *text)
{
	struct replay *r = ctx;

	if (r->events == QUEUE_MAX)
		die(r, "too many events");
	snprintf(r->event[r->events++], EVENT_MAX, "%s", text);
}

static void host_let(void *ctx, const char *name, struct bytes value)
{
	if (!scene_let(&((struct replay *)ctx)->vars, name, value))
		die(ctx, "no room for $%s", name);
}

static int peer_index(const struct replay *r, const char *name)
{
	for (uint32_t i = 0; i < r->peers; i++)
		if (strcmp(r->peer_name[i], name) == 0)
			return (int)i;
	return -1;
}

static const struct replay_peer *host_peer(void *ctx, const char *name)
{
	const struct replay *r = ctx;
	int i = peer_index(r, name);

	return i < 0 ? NULL : &r->peer[i];
}

const struct replay_peer *peer_named(struct replay *r, const char *name)
{
	const struct replay_peer *p = name != NULL ? host_peer(r, name) : NULL;

	if (p == NULL)
		die(r, "no such peer: %s", name != NULL ? name : "(none named)");
	return p;
}

struct replay_host replay_host_of(struct replay *r)
{
	return (struct replay_host){r, host_send, host_event, host_let, host_peer};
}
