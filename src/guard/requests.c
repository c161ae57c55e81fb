// SPDX-License-Identifier: Apache-2.0
// Role x type -> what must hold. The signaller may only dial addresses that are provisioned or resolved for a peer
// in service, so that even a taken-over signaller reaches nobody else (LRF-I2, SF-I12).
#include "guard/requests.h"

typedef result (*request_rule)(const struct ipc_control *m, const struct snapshot *s);

static result always(const struct ipc_control *m, const struct snapshot *s)
{
	UNUSED(m);
	UNUSED(s);
	return OK;
}

static bool is_target(const struct peer *p, const struct address *a)
{
	for (uint32_t i = 0; i < p->target_count && i < PEER_TARGETS_MAX; i++)
		if (address_equal(&p->target[i].address, a))
			return true;
	return false;
}

static result dial(const struct ipc_control *m, const struct snapshot *s)
{
	const struct peer *p = snapshot_peer(s, m->peer);
	REQUIRE(p != NULL && p->in_service && !p->blocked, E_NOT_FOUND);
	REQUIRE(m->listener < s->listener_count && s->listener[m->listener].zone == p->zone, E_NOT_FOUND);
	REQUIRE(m->address_count == 1 && m->address[0].port != 0, E_SYNTAX);
	// A target, or an address within the peer's own signalling ranges (a Contact that it gave in a dialog).
	REQUIRE(is_target(p, &m->address[0]) || prefixes_contain(p->address, p->address_count, &m->address[0]),
		E_NOT_FOUND);
	return OK;
}

// Indices that the monitor uses, and text that it logs. Whether a way may be used is decided as for every target (LRF-I1).
static result located(const struct ipc_control *m, const struct snapshot *s)
{
	UNUSED(s);
	REQUIRE(m->way_count <= WAYS_MAX && m->verdict <= DNS_BOGUS, E_SYNTAX);
	REQUIRE(memchr(m->reason, '\0', sizeof(m->reason)) != NULL && memchr(m->story, '\0', sizeof(m->story)) != NULL, E_SYNTAX);
	for (uint32_t i = 0; i < m->way_count; i++)
		REQUIRE(m->way[i].transport < TRANSPORT_COUNT && m->way[i].origin < HOP_ORIGIN_COUNT && (m->way[i].address.family == 4 || m->way[i].address.family == 6),
			E_SYNTAX);
	return OK;
}

static result known_peer(const struct ipc_control *m, const struct snapshot *s)
{
	return snapshot_peer(s, m->peer) != NULL ? OK : FAIL(E_NOT_FOUND);
}

// Whether it becomes one, DNS decides; here only a name that a peer on demand takes.
static result demand(const struct ipc_control *m, const struct snapshot *s)
{
	size_t n = strnlen(m->text, DOMAIN_MAX);
	REQUIRE(n > 0 && n < DOMAIN_MAX, E_SYNTAX);
	for (size_t i = 0; i < n; i++)
		REQUIRE((m->text[i] >= 'a' && m->text[i] <= 'z') || (m->text[i] >= '0' && m->text[i] <= '9') || m->text[i] == '.' || m->text[i] == '-',
			E_SYNTAX);
	const struct peer *p = snapshot_peer(s, m->peer);
	return p != NULL && peer_demands(p, m->text) ? OK : FAIL(E_NOT_FOUND);
}

static const struct {
	uint16_t role, type;
	request_rule rule;
} permitted[] = {
	{ROLE_SIGNALLER, IPC_CONTROL_READY, always},
	{ROLE_SIGNALLER, IPC_CONTROL_DIAL, dial},
	{ROLE_SIGNALLER, IPC_CONTROL_DEMAND, demand},
	{ROLE_SIGNALLER, IPC_CONTROL_TAKEN, always},
	{ROLE_MEDIA, IPC_CONTROL_READY, always},
	{ROLE_MEDIA, IPC_CONTROL_TAKEN, always},
	{ROLE_RESOLVER, IPC_CONTROL_READY, always},
	{ROLE_RESOLVER, IPC_CONTROL_RESOLVED, located},
	{ROLE_RESOLVER, IPC_CONTROL_TAKEN, always},
	{ROLE_DIRECTORY, IPC_CONTROL_READY, always},
	{ROLE_DIRECTORY, IPC_CONTROL_DEMAND, demand},
	{ROLE_DIRECTORY, IPC_CONTROL_TAKEN, always},
	{ROLE_SIGNER, IPC_CONTROL_READY, always},
	{ROLE_SIGNER, IPC_CONTROL_CANNOT, always},
	{ROLE_SIGNER, IPC_CONTROL_TAKEN, always},
	{ROLE_SIGNER, IPC_CONTROL_TALLY, always},
	{ROLE_PORTAL, IPC_CONTROL_READY, always},
	{ROLE_PORTAL, IPC_CONTROL_TAKEN, always},
	{ROLE_PORTAL, IPC_CONTROL_TALLY, always},
	{ROLE_ADMIN, IPC_CONTROL_READY, always},
	{ROLE_ADMIN, IPC_CONTROL_TAKEN, always},
	{ROLE_ADMIN, IPC_CONTROL_RELOAD, always},
	{ROLE_ADMIN, IPC_CONTROL_DRAIN_ASK, always},
	{ROLE_ADMIN, IPC_CONTROL_STORY_ASK, known_peer},
	{ROLE_ADMIN, IPC_CONTROL_BLOCK_ASK, known_peer},
	{ROLE_ADMIN, IPC_CONTROL_PROCESSES, always},
};

result request_check(unsigned role, const struct ipc_control *m, size_t n, const struct snapshot *s)
{
	REQUIRE(n == sizeof(*m) && m->version == IPC_CONTROL_VERSION, E_SYNTAX);
	REQUIRE(m->address_count <= IPC_CONTROL_ADDRESSES_MAX, E_SYNTAX);
	REQUIRE(memchr(m->text, '\0', sizeof(m->text)) != NULL, E_SYNTAX);
	for (uint32_t i = 0; i < ARRAY_LEN(permitted); i++)
		if (permitted[i].role == role && permitted[i].type == m->type)
			return permitted[i].rule(m, s);
	return FAIL(E_POLICY);
}
