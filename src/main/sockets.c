// SPDX-License-Identifier: Apache-2.0
// Opening what the configuration names. Each SIP socket once per worker (the kernel spreads), each media port once.
#include "main/sockets.h"

#include "base/memory.h"
#include "net/open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MEDIA_BUFFER = 256 * 1024, // [octets] one stream's packets for 1 s at 100 packets/s of 1.5 KiB, with room
	SPARE_DESCRIPTORS = 512,   // beyond sockets: channels, logs, dialled connections before they are handed on
};

static void why_address(char *why, size_t room, const char *what, const struct address *a, const char *mend)
{
	char text[ADDRESS_TEXT_MAX];
	snprintf(why, room, "cannot open %s %s: %s; %s", what, address_text(a, text), strerror(errno), mend);
}

static struct net_open_options options_of(const struct listener *l, bool media)
{
	return (struct net_open_options){
		.interface = l->interface,
		.dscp = media ? l->dscp_media : l->dscp_sip,
		.exclusive = media,
		.buffer = media ? MEDIA_BUFFER : 0,
	};
}

// The advertised address, if A is bound to all of its family and this host has the advertised one; else A itself.
static struct address leaves_from(const struct listener *l, const struct address *a)
{
	struct net_open_options o = {.interface = l->interface, .exclusive = true, .buffer = MEDIA_BUFFER};
	struct address named = l->advertise;
	int fd = -1;
	named.port = 0;
	if (address_classify(a) != ADDRESS_UNSPECIFIED || named.family != a->family ||
		!is_ok(net_open_udp(&named, &o, &fd)))
		return *a;
	close(fd);
	named.port = a->port;
	return named;
}

struct address sockets_source(const struct listener *l, uint8_t transport, uint8_t family)
{
	for (uint8_t i = 0; i < l->sip_count && i < LISTENER_SIP_MAX; i++)
		if (l->sip[i].transport == transport && l->sip[i].address.family == family)
			return leaves_from(l, &l->sip[i].address);
	return (struct address){0};
}

// Somebody else on the same address must be an error, though our own workers share it.
static result probe_alone(const struct sip_socket *socket, const struct listener *l)
{
	struct net_open_options o = options_of(l, false);
	int fd = -1;
	o.exclusive = true;
	o.buffer = MEDIA_BUFFER;
	if (transport_is_stream((enum transport)socket->transport))
		TRY(net_open_listen(&socket->address, &o, &fd));
	else
		TRY(net_open_udp(&socket->address, &o, &fd));
	close(fd);
	return OK;
}

static result open_sip_socket(struct sockets *out, const struct snapshot *s, listener_id id, uint32_t k, uint16_t worker)
{
	const struct sip_socket *socket = &s->listener[id].sip[k];
	struct net_open_options o = options_of(&s->listener[id], false);
	struct sip_descriptor *d = &out->sip[out->sip_count];
	*d = (struct sip_descriptor){id, socket->transport, worker, -1, leaves_from(&s->listener[id], &socket->address)};
	if (transport_is_stream((enum transport)socket->transport))
		TRY(net_open_listen(&socket->address, &o, &d->fd));
	else
		TRY(net_open_udp(&socket->address, &o, &d->fd));
	out->sip_count++;
	return OK;
}

static result open_sip(struct sockets *out, const struct snapshot *s, uint16_t workers, char *why, size_t room)
{
	for (listener_id id = 0; id < s->listener_count; id++) {
		for (uint32_t k = 0; k < s->listener[id].sip_count; k++) {
			result r = probe_alone(&s->listener[id].sip[k], &s->listener[id]);
			for (uint16_t w = 0; is_ok(r) && w < workers; w++)
				r = open_sip_socket(out, s, id, k, w);
			if (is_ok(r))
				continue;
			why_address(why, room, "SIP socket", &s->listener[id].sip[k].address,
				"free the address or mend `listen`");
			return r;
		}
	}
	return OK;
}

static result open_media(struct sockets *out, const struct snapshot *s, char *why, size_t room)
{
	for (listener_id id = 0; id < s->listener_count; id++) {
		const struct listener *l = &s->listener[id];
		struct net_open_options o = options_of(l, true);
		struct address a = leaves_from(l, &l->media); // media goes and comes by the one address that is written
		for (uint32_t port = l->media_first; l->media.family != 0 && port <= l->media_last; port++) {
			struct media_descriptor *d = &out->media[out->media_count];
			a.port = (uint16_t)port;
			*d = (struct media_descriptor){id, (uint16_t)port, -1};
			result r = net_open_udp(&a, &o, &d->fd);
			if (!is_ok(r)) {
				why_address(why, room, "media port", &a,
					"free the port, make the range of `listen.media` smaller or raise the descriptor limit");
				return r;
			}
			out->media_count++;
		}
	}
	return OK;
}

static int open_admin(const char *path, char *why, size_t room)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	if (path[0] == '\0')
		return -1;
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive = probe >= 0 && connect(probe, (struct sockaddr *)&un, sizeof(un)) == 0;
	if (probe >= 0)
		close(probe);
	mode_t old = umask(0077); // only the owner may speak to it (BE-1)
	if (!alive)
		unlink(path); // left behind by a process that is gone
	bool good = fd >= 0 && !alive && bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0 && listen(fd, 16) == 0;
	umask(old);
	if (!good) {
		snprintf(why, room, "cannot open admin socket %s: %s; another sallyport runs, or the folder is missing", path,
			alive ? "in use" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return -2;
	}
	return fd;
}

static uint32_t media_ports(const struct snapshot *s)
{
	uint32_t n = 0;
	for (listener_id id = 0; id < s->listener_count; id++)
		if (s->listener[id].media.family != 0 && s->listener[id].media_last >= s->listener[id].media_first)
			n += (uint32_t)(s->listener[id].media_last - s->listener[id].media_first) + 1;
	return n;
}

static result raise_limit(uint32_t needed, char *why, size_t room)
{
	struct rlimit l;
	REQUIRE(getrlimit(RLIMIT_NOFILE, &l) == 0, E_SYSTEM);
	if (l.rlim_cur >= needed)
		return OK;
	struct rlimit want = {needed, l.rlim_max > needed ? l.rlim_max : needed};
	if (setrlimit(RLIMIT_NOFILE, &want) == 0)
		return OK;
	snprintf(why, room, "%u descriptors are needed, %llu allowed; make the ranges of `listen.media` smaller or raise "
		"the limit (LimitNOFILE, ulimit -n)", needed, (unsigned long long)l.rlim_max);
	return FAIL(E_CONFIG);
}

static result open_portal(struct sockets *out, const struct portal_settings *p, char *why, size_t room)
{
	struct net_open_options o = {.exclusive = true};
	for (uint32_t i = 0; i < p->address_count && i < PORTAL_ADDRESSES_MAX; i++) {
		result r = net_open_listen(&p->address[i], &o, &out->portal[i]);
		if (!is_ok(r)) {
			why_address(why, room, "portal socket", &p->address[i], "free the address or mend `portal.listen`");
			return r;
		}
		out->portal_count++;
	}
	return OK;
}

static result open_all(struct sockets *out, const struct snapshot *s, uint16_t workers, char *why, size_t room)
{
	TRY(open_sip(out, s, workers, why, room));
	TRY(open_media(out, s, why, room));
	TRY(open_portal(out, &s->settings.portal, why, room));
	out->admin = open_admin(s->settings.admin_socket, why, room);
	REQUIRE(out->admin != -2, E_CONFIG);
	struct net_open_options o = {.exclusive = true};
	if (s->settings.metrics.family == 0)
		return OK;
	result r = net_open_listen(&s->settings.metrics, &o, &out->metrics);
	if (!is_ok(r))
		why_address(why, room, "metrics socket", &s->settings.metrics, "free the address or mend `metrics`");
	return r;
}

result sockets_open(const struct snapshot *s, uint16_t workers, struct sockets **out, char *why, size_t why_room)
{
	uint32_t media = media_ports(s);
	snprintf(why, why_room, "out of memory");
	TRY(raise_limit(media + (uint32_t)LISTENERS_MAX * LISTENER_SIP_MAX * workers + s->settings.max_connections +
				s->settings.portal.connections + SPARE_DESCRIPTORS, why, why_room));
	struct sockets *k = memory_alloc(sizeof(*k));
	REQUIRE(k != NULL, E_NO_MEMORY);
	k->admin = k->metrics = -1;
	k->sip = memory_array((size_t)LISTENERS_MAX * LISTENER_SIP_MAX * workers, sizeof(*k->sip));
	k->media = memory_array((size_t)media + 1, sizeof(*k->media));
	result r = k->sip != NULL && k->media != NULL ? open_all(k, s, workers, why, why_room) : FAIL(E_NO_MEMORY);
	if (!is_ok(r)) {
		sockets_close(k);
		return r;
	}
	*out = k;
	return OK;
}

void sockets_close(struct sockets *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->sip_count; i++)
		close(s->sip[i].fd);
	for (uint32_t i = 0; i < s->media_count; i++)
		close(s->media[i].fd);
	if (s->admin >= 0)
		close(s->admin);
	if (s->metrics >= 0)
		close(s->metrics);
	for (uint32_t i = 0; i < s->portal_count; i++)
		close(s->portal[i]);
	memory_free(s->sip);
	memory_free(s->media);
	memory_free(s);
}
