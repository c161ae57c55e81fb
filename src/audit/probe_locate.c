// SPDX-License-Identifier: Apache-2.0
// LRF-I1, LRF-I3, LRF-A2, LRF-A3: what a target makes of DNS answers about where its peers are, and of next hops that are dead.
#include "audit/dns.h"
#include "base/clock.h"

#include <unistd.h>

enum {
	TAKEN_MS = 1500,    // [ms] and uses it then
	SERVE_MS = 5000,    // [ms] for a connection of the target
	STRAY_MS = 500,     // [ms] for one that must not come
	DEAD_DATAGRAMS = 60, // requests to a hop that never answers
	DEAD_HANDSHAKES = 10, // and to one that takes connections and says nothing
	OTHERS = 10,        // requests to another peer meanwhile
	OTHERS_MS = 1000,   // [ms] each of which has arrived by then
};

// The caller's look-up of a new number that ENUM gives to the domain of SCRIPT; nobody is waited for.
static void knock(struct audit *a)
{
	char number[AUDIT_TEXT_MAX], uri[4 * AUDIT_TEXT_MAX], id[AUDIT_TEXT_MAX];
	const struct audit_asked q = {AUDIT_CALLER, &a->s->target, a->s->from, uri};

	audit_number(a, number);
	(void)snprintf(uri, sizeof(uri), "sip:%s@%s", number, a->s->domain);
	(void)audit_look_up(a, &q, id); // one that is lost shows in what does not come
}

static const char *host_of(const char *domain, char out[AUDIT_NAME_MAX])
{
	(void)snprintf(out, AUDIT_NAME_MAX, "sbe.%s", domain);
	return out;
}

// Play SCRIPT until the target has asked for NAME, and used the answer: at once when it asks per request, else when it asks again.
static bool taken(struct audit *a, struct audit_result *r, const struct audit_dns_script *script, const char *name)
{
	uint32_t mark = audit_dns_play(a->dns, script);
	uint64_t end = clock_now().mono_us + AUDIT_REFRESH_MS * MS;

	knock(a);
	while (audit_dns_asked(a->dns, mark, name, false) == 0 && clock_now().mono_us < end && audit_time_left(a))
		audit_pause(a, 100);
	if (audit_dns_asked(a->dns, mark, name, false) == 0) {
		audit_unjudged(r, "the target does not ask for %.100s (any more)", name);
		return false;
	}
	audit_pause(a, TAKEN_MS);
	for (uint32_t i = 0; i < AUDIT_ROLES; i++)
		while (audit_reached(a, (enum audit_role)i, 0))
			; // that of the knock
	return true;
}

// Does SIP come to the secured peer over TLS with its own certificate? It is left in *GOOD; false: R says why.
static bool over_tls(struct audit *a, struct audit_result *r, int listener, struct audit_served *good)
{
	struct audit_dns_script s = {.mode = AUDIT_DNS_GOOD};
	uint64_t end = clock_now().mono_us + AUDIT_REFRESH_MS * MS;

	(void)snprintf(s.domain, sizeof(s.domain), "%s", a->s->secured_domain);
	(void)audit_dns_play(a->dns, &s);
	do {
		knock(a);
		audit_serve(a, listener, a->s->certificate, a->s->key, STRAY_MS, good);
	} while ((!good->shaken || good->octets == 0) && clock_now().mono_us < end && audit_time_left(a));
	if (good->shaken && good->octets > 0)
		return true;
	audit_unjudged(r, "the secured peer's own certificate brings no SIP in the first place (%s)",
		!good->came ? "no connection" : !good->shaken ? "no handshake" : "no octet");
	return false;
}

// ---- LRF-I1

static void certificates(struct audit *a, struct audit_result *r, int listener)
{
	struct audit_served good, wrong;

	if (!over_tls(a, r, listener, &good))
		return;
	knock(a);
	audit_serve(a, listener, a->s->false_certificate, a->s->false_key, SERVE_MS, &wrong);
	if (!wrong.came)
		audit_unjudged(r, "no second connection to the secured peer");
	else
		audit_find(r, !wrong.clear && wrong.octets == 0, "a certificate for another name gets %u octets of SIP (%s), the right one %u",
			wrong.octets, wrong.shaken ? "handshake done" : "handshake refused", good.octets);
}

// TLS: what still goes there in datagrams is for the peer without.
static void moved(struct audit *a, struct audit_result *r, const char *domain, bool tls, int listener)
{
	struct audit_dns_script elsewhere = {.mode = AUDIT_DNS_ELSEWHERE};
	struct audit_end *s = &a->end[AUDIT_STRANGER];
	char host[AUDIT_NAME_MAX];
	struct audit_served stray;

	(void)snprintf(elsewhere.domain, sizeof(elsewhere.domain), "%s", domain);
	(void)audit_drain(a, s, 0);
	uint64_t before = s->received;
	if (!taken(a, r, &elsewhere, host_of(domain, host)))
		return;
	knock(a);
	audit_serve(a, listener, a->s->certificate, a->s->key, STRAY_MS, &stray);
	(void)audit_drain(a, s, STRAY_MS);
	bool came = stray.came || (!tls && s->received != before);
	audit_find(r, !came, "%s: %s to its address at a stranger's host", domain,
		!came ? "nothing went" : stray.came ? "a connection was made" : "a datagram went");
}

void audit_probe_next_hop(struct audit *a, struct audit_result *r)
{
	char number[AUDIT_TEXT_MAX];
	int mine = audit_listen(&a->end[AUDIT_SECURED].local), stranger = audit_listen(&a->end[AUDIT_STRANGER].local);

	if (mine < 0 || stranger < 0) {
		audit_unjudged(r, "the ports of the secured peer and the stranger are not free for TCP");
	} else if (audit_enum_works(a, r, number)) {
		certificates(a, r, mine);
		if (r->verdict != AUDIT_V_INCONCLUSIVE)
			moved(a, r, a->s->resolved_domain, false, stranger);
		if (r->verdict != AUDIT_V_INCONCLUSIVE)
			moved(a, r, a->s->secured_domain, true, stranger);
	}
	audit_dns_good(a);
	if (mine >= 0)
		(void)close(mine);
	if (stranger >= 0)
		(void)close(stranger);
}

// ---- LRF-I3

static void lowered(struct audit *a, struct audit_result *r, int listener)
{
	struct audit_dns_script s = {.mode = AUDIT_DNS_LOWER};
	struct audit_served good, low;

	if (!over_tls(a, r, listener, &good))
		return;
	(void)snprintf(s.domain, sizeof(s.domain), "%s", a->s->secured_domain);
	struct audit_end *e = &a->end[AUDIT_SECURED];
	(void)audit_drain(a, e, 0);
	uint64_t before = e->received;
	if (!taken(a, r, &s, a->s->secured_domain))
		return;
	knock(a);
	audit_serve(a, listener, a->s->certificate, a->s->key, SERVE_MS, &low);
	(void)audit_drain(a, e, STRAY_MS);
	bool clear = low.clear || e->received != before;
	audit_find(r, !clear, "with DNS offering UDP and clear TCP alone %u octets went by UDP, %s by TCP; over TLS the peer had got %u",
		(unsigned)(e->received - before), low.clear ? "clear text" : low.came ? "TLS" : "nothing", good.octets);
}

void audit_probe_lowered(struct audit *a, struct audit_result *r)
{
	int listener = audit_listen(&a->end[AUDIT_SECURED].local);

	if (listener < 0) {
		audit_unjudged(r, "the port of the secured peer is not free for TCP");
		return;
	}
	lowered(a, r, listener);
	audit_dns_good(a);
	(void)close(listener);
}

// ---- LRF-A2

void audit_probe_hosts_lost(struct audit *a, struct audit_result *r)
{
	const struct audit_dns_script lost = {.mode = AUDIT_DNS_HOSTS_SILENT};
	char number[AUDIT_TEXT_MAX];
	unsigned status;

	if (!audit_enum_works(a, r, number) || !taken(a, r, &lost, a->s->resolved_domain))
		return;
	audit_number(a, number);
	enum audit_landed at = audit_follow(a, number, AUDIT_ANSWER_MS, &status);
	audit_find(r, at == AUDIT_AT_RESOLVED, "with no answer any more about where %s is, a look-up %s (%u)", a->s->resolved_domain,
		audit_landed_name[at], status);
	audit_dns_good(a);
}

// ---- LRF-A3

static uint32_t others_arrive(struct audit *a)
{
	uint32_t arrived = 0;
	unsigned status;

	for (uint32_t i = 0; i < OTHERS && audit_time_left(a); i++)
		arrived += audit_follow(a, a->s->to, OTHERS_MS, &status) == AUDIT_AT_CALLED;
	return arrived;
}

static void dead(struct audit *a, struct audit_result *r, const char *domain, uint32_t requests, const char *what)
{
	struct audit_dns_script s = {.mode = AUDIT_DNS_GOOD};

	(void)snprintf(s.domain, sizeof(s.domain), "%s", domain);
	(void)audit_dns_play(a->dns, &s);
	for (uint32_t i = 0; i < requests && audit_time_left(a); i++)
		knock(a);
	struct audit_end *e = &a->end[AUDIT_RESOLVED];
	int keep = e->fd; // nobody looks at it: the hop is dead
	e->fd = -1;
	uint32_t arrived = others_arrive(a);
	e->fd = keep;
	bool alive = audit_alive(a);
	audit_find(r, arrived == OTHERS && alive, "%u requests to %s: %u of %u to another peer arrived within a second%s", requests, what, arrived,
		(unsigned)OTHERS, alive ? "" : ", no answer to OPTIONS");
}

void audit_probe_dead_hop(struct audit *a, struct audit_result *r)
{
	char number[AUDIT_TEXT_MAX];
	int listener = audit_listen(&a->end[AUDIT_SECURED].local);

	if (listener < 0) {
		audit_unjudged(r, "the port of the secured peer is not free for TCP");
		return;
	}
	if (audit_enum_works(a, r, number)) {
		dead(a, r, a->s->resolved_domain, DEAD_DATAGRAMS, "a hop that never answers");
		dead(a, r, a->s->secured_domain, DEAD_HANDSHAKES, "one that shakes no hand");
	}
	audit_dns_good(a);
	(void)close(listener);
}
