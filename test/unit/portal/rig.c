// SPDX-License-Identifier: Apache-2.0
// Provider a's configuration, with internal names and addresses that may never leave, and its certificates in memory.
#include "rig.h"

#include "base/clock.h"

#include <stdlib.h>

static char chain[16384];

// Core addresses are 10.77.x, and every internal name holds "inner": none of them may ever be told.
static const char text_a[] =
	"domain: a.example\n"
	"tls: {certificate: a.pem, key: a.key}\n"
	"listen:\n"
	"  - {name: inner-core, zone: core, sip: [\"udp:10.77.0.1:5060\"], media: \"10.77.0.2:20000-20099\"}\n"
	"  - {name: inner-edge, zone: peering, sip: [\"tls:192.0.2.10:5061\", \"udp:192.0.2.11:5060\"], media: \"192.0.2.12:30000-30099\"}\n"
	"  - {name: inner-second, zone: second, sip: [\"tls:198.51.100.10:5061\"], media: \"198.51.100.12:31000-31099\"}\n"
	"peers:\n"
	"  - name: inner-pbx\n    zone: core\n    reach: {targets: [\"udp:10.77.0.9:5060\"], transport: udp}\n"
	"    known_by: {addresses: [10.77.0.0/16]}\n    numbers: {calls_from: [\"+4930\", \"+49301\"], calls_to: [\"+4930\", \"+4940\"]}\n"
	"    limits: {calls_per_second: 9, concurrent_calls: 99, messages_per_second: 999}\n    media: {addresses: [10.77.0.0/16]}\n"
	"  - name: inner-b\n    zone: peering\n    reach: {domain: b.example, transport: tls, targets: [\"tls:203.0.113.5:5061\"]}\n"
	"    known_by: {tls_names: [b.example], trust: b-ca.pem, addresses: [203.0.113.0/28]}\n"
	"    numbers: {calls_from: [\"+4989\"], calls_to: [\"+4989\"]}\n"
	"    limits: {calls_per_second: 50, concurrent_calls: 500, messages_per_second: 1000}\n"
	"    media: {srtp: required, addresses: [203.0.113.16/28], codecs: [PCMA, opus]}\n    headers: strict\n"
	"    session: {expires: 1200, min_se: 120}\n    require_extensions: [100rel]\n"
	"    waivers: [{control: identity, reason: \"inner reasons of ours\", until: 2099-12-31}]\n"
	"  - name: inner-c\n    zone: second\n    reach: {domain: c.example, transport: tls, targets: [\"tls:203.0.113.77:5061\"]}\n"
	"    known_by: {tls_names: [c.example], trust: c-ca.pem, addresses: [203.0.113.64/28]}\n"
	"    numbers: {calls_from: [\"+4366\"], calls_to: [\"+4366\"]}\n"
	"    limits: {calls_per_second: 7, concurrent_calls: 70, messages_per_second: 700}\n"
	"    media: {srtp: required, addresses: [203.0.113.80/28]}\n    headers: strict\n"
	"    waivers: [{control: identity, reason: \"inner reasons of ours\", until: 2099-12-31}]\n";

static result read_h(void *ctx, const char *path, uint8_t *buf, size_t room, size_t *len)
{
	const struct rig *g = ctx;
	REQUIRE(strstr(path, ".pem") != NULL, E_NOT_FOUND); // the host's trust anchors of DNS are none of a test's
	const char *text = strcmp(path, "a.pem") == 0 ? chain : g->authority.pem;
	REQUIRE(strlen(text) <= room, E_TOO_LONG);
	*len = strlen(text);
	memcpy(buf, text, *len);
	return OK;
}

struct conf_result rig_load(struct rig *g, const char *yaml)
{
	struct conf_hooks hooks = {.ctx = g, .read = read_h};
	struct conf_result r;
	char text[1024];
	result got = conf_load("rig.yaml", bytes_of_string(yaml), &hooks, g->wall_ms, NULL, &r);
	for (uint32_t i = 0; !is_ok(got) && i < r.message_count; i++)
		print_message("%s\n", conf_message_text(&r, i, text, sizeof(text)));
	return r;
}

void rig_begin(struct rig *g, enum pki_key key)
{
	*g = (struct rig){.wall_ms = clock_now().wall_ms};
	g->authority = pki_authority("authority of a");
	g->other_authority = pki_authority("authority of another");
	g->leaf = pki_issue(&g->authority, &(struct pki_leaf){.names = "DNS:a.example", .key = key});
	g->other_leaf = pki_issue_for(&g->other_authority, "a.example");
	snprintf(chain, sizeof(chain), "%s%s", g->leaf.pem, g->authority.pem);
	g->a = rig_load(g, text_a);
	assert_non_null(g->a.snapshot);
}

void rig_end(struct rig *g)
{
	conf_result_free(&g->a);
	pki_free(&g->leaf);
	pki_free(&g->other_leaf);
	pki_free(&g->authority);
	pki_free(&g->other_authority);
}

struct bytes rig_chain(const struct rig *g)
{
	(void)g;
	return bytes_of_string(chain);
}

peer_id rig_peer(const struct rig *g, const char *name)
{
	for (uint32_t i = 0; i < g->a.snapshot->peer_count; i++)
		if (strcmp(snapshot_peer(g->a.snapshot, (peer_id)i)->name, name) == 0)
			return (peer_id)i;
	return PEER_NONE;
}

json_t *rig_profile(const struct rig *g, const char *name)
{
	json_t *o;
	assert_int_equal(profile_make(g->a.snapshot, rig_peer(g, name), g->wall_ms, &o).error, E_OK);
	return o;
}

char *rig_sealed(struct rig *g, const char *name)
{
	char *text;
	json_t *o = rig_profile(g, name);
	assert_int_equal(envelope_seal(o, rig_chain(g), pki_sign, &g->leaf, &text).error, E_OK);
	json_decref(o);
	return text;
}

const char *rig_partner_text(const char *peers)
{
	static char text[65536];
	snprintf(text, sizeof(text),
		"domain: b.example\n"
		"tls: {certificate: a.pem, key: a.key}\n"
		"listen:\n"
		"  - {name: core, zone: core, sip: [\"udp:127.0.0.1:5060\"], media: \"127.0.0.1:20000-20099\"}\n"
		"  - {name: edge, zone: peering, sip: [\"tls:127.0.0.1:5061\"], media: \"127.0.0.1:30000-30099\"}\n"
		"peers:\n%s", peers);
	return text;
}
