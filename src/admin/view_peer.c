// SPDX-License-Identifier: Apache-2.0
// A peer as the coverage report shows it: each control enforced, shadowed, waived (until when) or not applicable,
// with how often it refused (BE-4).
#include "admin/text.h"
#include "admin/view.h"
#include "base/clock.h"

#include <stdio.h>

// Core neighbours owe fewer controls; one that is configured all the same is enforced.
static bool core_has(const struct peer *p, enum control c)
{
	switch (c) {
	case CONTROL_TRANSPORT_IDENTITY:
		return p->tls_name_count > 0;
	case CONTROL_MEDIA_SOURCE:
		return p->media_address_count > 0;
	case CONTROL_SRTP:
		return p->srtp == SRTP_REQUIRED;
	case CONTROL_HEADERS:
		return p->headers_strict != 0;
	case CONTROL_SESSION_TIMERS:
		return p->session_expires_s > 0;
	case CONTROL_IDENTITY:
		return false;
	default:
		return true;
	}
}

static bool lacking(const struct peer *p, enum control c)
{
	return !core_has(p, c) || (c == CONTROL_ADDRESSES && p->address_count == 0) ||
	       (c == CONTROL_MEDIA_ANCHOR && !p->anchor) ||
	       (c == CONTROL_NUMBERS && (p->calls_from_count == 0 || p->calls_to_count == 0)) ||
	       (c == CONTROL_RATES && (p->calls_per_second == 0 || p->concurrent_calls == 0));
}

enum view_control view_control_state(const struct peer *p, bool core, enum control c, uint64_t wall_ms)
{
	int waiver = peer_waiver_state(p, c, wall_ms);
	if (waiver != 0)
		return waiver == 1 ? VIEW_WAIVED : VIEW_EXPIRED;
	if (p->shadow[c])
		return VIEW_SHADOWED;
	if (core && !core_has(p, c))
		return VIEW_NOT_APPLICABLE;
	if (c == CONTROL_MEDIA_SOURCE && !p->anchor)
		return VIEW_NOT_APPLICABLE;
	return lacking(p, c) ? VIEW_LACKING : VIEW_ENFORCED;
}

static const char *control_word(enum view_control v)
{
	static const char *const names[] = {"enforced", "shadowed", "waived", "waiver expired", "lacking", "not applicable"};
	return (unsigned)v < ARRAY_LEN(names) ? names[v] : "?";
}

static uint64_t hits(const struct ipc_admin_peer *live, const struct view_steps *steps, enum control c)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < steps->count && i < ARRAY_LEN(live->refused); i++)
		if (steps->control(i) == (uint8_t)c)
			n += live->refused[i];
	return n;
}

static json_t *until_json(const struct waiver *w)
{
	char out[UTC_TEXT_MAX];
	if (w->until_ms == 0)
		return json_null();
	utc_text(w->until_ms - 1, out); // the last day
	return json_stringn(out, sizeof("2026-01-31") - 1);
}

static json_t *control_json(const struct peer *p, bool core, enum control c, const struct ipc_admin_peer *live,
	const struct view_steps *steps, uint64_t wall_ms)
{
	enum view_control v = view_control_state(p, core, c, wall_ms);
	json_t *o = json_pack("{s:s, s:s, s:o}", "control", control_name(c), "state", control_word(v),
		"hits", live != NULL ? json_integer((json_int_t)hits(live, steps, c)) : json_null());
	bool good = o != NULL;
	if (good && (v == VIEW_WAIVED || v == VIEW_EXPIRED))
		good = json_object_set_new(o, "until", until_json(&p->waiver[c])) == 0 &&
		       json_object_set_new(o, "why", text_json(p->waiver[c].reason, sizeof(p->waiver[c].reason))) == 0;
	if (good)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *refused_json(const struct ipc_admin_peer *live, const struct view_steps *steps)
{
	json_t *o = json_object();
	for (uint32_t i = 0; o != NULL && i < steps->count && i < ARRAY_LEN(live->refused); i++) {
		if (live->refused[i] == 0)
			continue;
		// Two lists may have a step of the same name.
		json_int_t have = json_integer_value(json_object_get(o, steps->name(i)));
		if (json_object_set_new(o, steps->name(i), json_integer(have + live->refused[i])) != 0) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

static json_t *media_json(const struct ipc_admin_peer *live)
{
	return json_pack("{s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I}}", "packets", (json_int_t)live->packets, "octets",
		(json_int_t)live->octets, "lost", (json_int_t)live->lost, "dropped", "source", (json_int_t)live->dropped[0], "syntax",
		(json_int_t)live->dropped[1], "payload", (json_int_t)live->dropped[2], "auth", (json_int_t)live->dropped[3], "replay",
		(json_int_t)live->dropped[4], "rate", (json_int_t)live->dropped[5]);
}

static const char *service_word(const struct peer *p)
{
	return p->removed ? "removed" : p->blocked ? "blocked" : p->in_service ? "in service" : "out of service";
}

json_t *view_peer(const struct snapshot *s, peer_id id, const struct ipc_admin_peer *live, const struct view_steps *steps,
	uint64_t wall_ms)
{
	const struct peer *p = snapshot_peer(s, id);
	if (p == NULL || p->zone >= s->zone_count)
		return json_null();
	bool core = s->zone[p->zone].is_core != 0;
	json_t *controls = json_array();
	bool good = controls != NULL;
	for (unsigned c = 0; good && c < CONTROL_COUNT; c++)
		good = json_array_append_new(controls, control_json(p, core, (enum control)c, live, steps, wall_ms)) == 0;
	json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:O}", "name", p->name, "zone", s->zone[p->zone].name, "service",
		service_word(p), "why", text_json(p->why_out, sizeof(p->why_out)), "controls", controls);
	json_decref(controls);
	if (good && p->demand_below[0] != '\0') // whose place it is
		good = json_object_set_new(o, "domain", json_string(p->reach_domain)) == 0;
	if (good && live != NULL)
		good = json_object_set_new(o, "concurrent_calls", json_integer(live->concurrent)) == 0 &&
		       json_object_set_new(o, "refused", json_integer((json_int_t)live->refused_count)) == 0 &&
		       json_object_set_new(o, "refused_by_step", refused_json(live, steps)) == 0 &&
		       json_object_set_new(o, "media", media_json(live)) == 0;
	if (good && o != NULL)
		return o;
	json_decref(o);
	return NULL;
}
