// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a configuration file. Any octets end in messages or in a snapshot that passes its own check,
// builds a registry, and loads again as a reload of itself.
//
// Files and names come from fixed hooks, so the same input always does the same. A property that fails traps.
#include "conf/conf.h"

#include "fuzz_conf_certificate.h"

#include <stdlib.h>

#define WALL_MS 1795392000000ull // 2026-11-23 00:00 UTC

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char certificate[] = FUZZ_CERTIFICATE;

static void must(bool held)
{
	if (!held)
		__builtin_trap();
}

static result read_h(void *ctx, const char *path, uint8_t *buf, size_t room, size_t *len)
{
	UNUSED(ctx);
	*len = sizeof(certificate) - 1;
	REQUIRE(path[0] != 'x', E_NOT_FOUND);
	REQUIRE(*len <= room, E_TOO_LONG);
	memcpy(buf, certificate, *len);
	return OK;
}

static result resolve_h(void *ctx, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count)
{
	UNUSED(ctx);
	*count = 1;
	REQUIRE(want->domain[0] != 'x' && room > 0, E_NOT_FOUND);
	out->transport = want->transport;
	return address_parse_host(BYTES("192.0.2.1"), want->port, &out->address);
}

static void check_messages(const struct conf_result *r)
{
	char text[CONF_TEXT_MAX + CONF_PATH_MAX + 64];

	for (uint32_t i = 0; i < r->message_count; i++) {
		must(strchr(conf_message_text(r, i, text, sizeof(text)), '\n') == NULL);
		must(i == 0 || r->message[i].line >= r->message[i - 1].line);
	}
}

static void check_registry(const struct snapshot *s)
{
	struct registry *r = NULL;

	must(is_ok(registry_new(&r, s)));
	for (uint32_t id = 0; id < s->peer_count; id++) {
		const struct peer *p = snapshot_peer(s, (peer_id)id);
		must(registry_peer_by_name(r, p->name) == id);
		must(p->in_service || p->why_out[0] != '\0');
		for (uint32_t i = 0; i < p->tls_name_count; i++)
			must(registry_peer_by_tls_name(r, p->zone, bytes_of_string(p->tls_name[i])) == id);
		for (uint32_t i = 0; i < p->calls_to_count; i++)
			registry_peer_by_number(r, p->calls_to[i].digits, 0);
	}
	registry_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct conf_hooks hooks = {.read = read_h, .resolver = resolve_h};
	struct conf_result first, again;
	result r = conf_load("fuzz.yaml", bytes_make(data, size), &hooks, WALL_MS, NULL, &first);

	check_messages(&first);
	must(is_ok(r) == (first.errors == 0) && is_ok(r) == (first.snapshot != NULL));
	if (is_ok(r)) {
		must(is_ok(snapshot_check(first.snapshot, first.size)));
		check_registry(first.snapshot);
		must(is_ok(conf_load(
			"fuzz.yaml", bytes_make(data, size), &hooks, WALL_MS, first.snapshot, &again)));
		must(again.snapshot->peer_count == first.snapshot->peer_count);
		conf_result_free(&again);
	}
	conf_result_free(&first);
	return 0;
}
