// SPDX-License-Identifier: Apache-2.0
// A whole worker without network and clock; see flow_rig.h.
#include "flow_rig.h"

#include "../fuzz/fuzz_conf_certificate.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void event(struct flow_rig *r, const char *text)
{
	if (r->on_event != NULL)
		r->on_event(r->ctx, text);
}

// ---- configuration

static result read_h(void *ctx, const char *path, uint8_t *buf, size_t room, size_t *len)
{
	UNUSED(ctx);
	REQUIRE(strstr(path, "root.key") == NULL, E_NOT_FOUND); // no DNSSEC here
	REQUIRE(sizeof(FUZZ_CERTIFICATE) <= room, E_TOO_LONG);
	*len = strlen(FUZZ_CERTIFICATE);
	memcpy(buf, FUZZ_CERTIFICATE, *len);
	return OK;
}

static bool load(struct flow_rig *r, struct bytes yaml, const struct now *now)
{
	static const struct conf_hooks hooks = {.read = read_h};
	char text[600];

	if (is_ok(conf_load("scenario.yaml", yaml, &hooks, now->wall_ms, NULL, &r->conf)))
		return true;
	for (uint32_t i = 0; i < r->conf.message_count; i++)
		if (r->conf.message[i].severity == CONF_ERROR)
			event(r, conf_message_text(&r->conf, i, text, sizeof(text)));
	return false;
}

// ---- the port

static result send_h(void *ctx, const struct hop *to, struct bytes octets, struct sf_cookie cookie)
{
	struct flow_rig *r = ctx;

	r->cookie = cookie;
	return r->on_send(r->ctx, to, octets);
}

static void close_h(void *ctx, const struct origin *o, const char *why)
{
	char text[120];

	UNUSED(o);
	snprintf(text, sizeof(text), "close %s", why);
	event(ctx, text);
}

static struct ipc_media *answer(struct flow_rig *r, const struct ipc_media *m, enum ipc_media_type type)
{
	if (r->media_count == FLOW_RIG_MEDIA)
		return NULL;
	struct ipc_media *a = &r->media[r->media_count++];
	memset(a, 0, sizeof(*a));
	a->version = IPC_MEDIA_VERSION;
	a->type = (uint16_t)type;
	a->request = m->request;
	a->session = m->session;
	return a;
}

static void create(struct flow_rig *r, const struct ipc_media *m)
{
	const struct snapshot *s = r->conf.snapshot;
	bool fail = r->media_fail || r->sessions_made == FLOW_RIG_SESSIONS;
	struct ipc_media *a = answer(r, m, fail ? IPC_MEDIA_FAILED : IPC_MEDIA_CREATED);

	if (a == NULL || fail)
		return;
	uint32_t slot = m->session.generation != 0 ? m->session.slot : r->sessions_made++;
	r->sessions_live += !r->session[slot];
	r->session[slot] = true;
	a->session = (struct session_ref){slot, 1};
	a->u.ports.count = m->u.plan.count;
	for (uint32_t i = 0; i < m->u.plan.count && i < MEDIA_STREAMS_MAX; i++)
		for (int side = 0; side < 2; side++) {
			const struct listener *l = &s->listener[m->listener[side]];
			uint32_t pairs = (l->media_last - l->media_first + 1u) / 2;
			a->u.ports.rtp[i][side] = l->media;
			a->u.ports.rtp[i][side].port = (uint16_t)(l->media_first + 2 * ((slot * 8 + i) % pairs));
		}
}

static result media_h(void *ctx, const struct ipc_media *m)
{
	struct flow_rig *r = ctx;

	if (m->type == IPC_MEDIA_CREATE)
		create(r, m);
	if (m->type == IPC_MEDIA_UPDATE) {
		r->plan = m->u.plan;
		r->updates++;
	}
	if (m->type == IPC_MEDIA_DELETE && m->session.slot < FLOW_RIG_SESSIONS && r->session[m->session.slot]) {
		r->session[m->session.slot] = false;
		r->sessions_live--;
		answer(r, m, IPC_MEDIA_STATS);
	}
	return OK;
}

static void keep_h(void *ctx, struct pool_ref call, const struct sf_call_image *image, struct bytes media)
{
	struct flow_rig *r = ctx;

	r->last_call = call;
	if (image != NULL && media.len <= sizeof(r->media_image)) {
		r->image.length = image->length;
		memcpy(r->image.octets, image->octets, image->length);
		r->media_image_len = (uint32_t)media.len;
		if (media.len > 0)
			memcpy(r->media_image, media.at, media.len);
	}
	r->kept += image != NULL;
	r->erased += image == NULL;
}

static bool may_record_h(void *ctx)
{
	return !((struct flow_rig *)ctx)->records_full;
}

static void ended_h(void *ctx, const struct call_ended *c)
{
	static const char *const side[] = {"caller", "called", "us"};
	struct flow_rig *r = ctx;
	char text[120];

	r->ended++;
	snprintf(text, sizeof(text), "ended %u %s %s", c->info.final_status, side[c->info.end_side % 3],
		c->info.end_reason != NULL ? c->info.end_reason : "-");
	event(r, text);
}

static void random_h(void *ctx, void *out, size_t n)
{
	struct flow_rig *r = ctx;

	for (size_t i = 0; i < n; i++) {
		r->seed = r->seed * 6364136223846793005ull + 1442695040888963407ull;
		((uint8_t *)out)[i] = (uint8_t)(r->seed >> 56);
	}
}

static result lookup_h(void *ctx, uint32_t request, const struct query *q, uint32_t deadline_ms)
{
	struct flow_rig *r = ctx;
	char text[120];

	UNUSED(deadline_ms);
	REQUIRE(!r->lookup_full, E_FULL);
	r->lookups++;
	r->lookup_last = request;
	snprintf(text, sizeof(text), "asks %s", q->rn[0] != '\0' ? q->rn : q->number);
	event(r, text);
	return OK;
}

// The next word of TEXT into WORD of ROOM octets; TEXT moves on. False: none, or too long.
static bool word(const char **text, char *out, size_t room)
{
	size_t n = strcspn(*text, " ");

	if (n == 0 || n >= room)
		return false;
	memcpy(out, *text, n);
	out[n] = '\0';
	*text += n + ((*text)[n] == ' ');
	return true;
}

static bool answer_found(struct flow_rig *r, const char *text, struct lookup_answer *a)
{
	char peer[64], verdict[16], ttl[16];

	if (!word(&text, peer, sizeof(peer)) || !word(&text, verdict, sizeof(verdict)) || !word(&text, ttl, sizeof(ttl)))
		return false;
	a->peer = flow_rig_peer(r, peer);
	a->verdict = strcmp(verdict, "secure") == 0 ? DNS_SECURE : DNS_INSECURE;
	a->ttl_s = (uint32_t)strtoul(ttl, NULL, 10);
	a->npdi = word(&text, a->rn, sizeof(a->rn));
	return true;
}

static bool answer_make(struct flow_rig *r, const char *text, struct lookup_answer *a)
{
	static const struct {
		const char *word;
		enum lookup_outcome outcome;
	} plain[] = {{"none", LOOKUP_NONE}, {"later", LOOKUP_LATER}};

	*a = (struct lookup_answer){.peer = PEER_NONE, .source = LOOKUP_FROM_ENUM, .ttl_s = 60};
	if (strncmp(text, "found ", 6) == 0)
		return answer_found(r, text + 6, a);
	if (strncmp(text, "bogus ", 6) == 0) {
		a->outcome = LOOKUP_BOGUS;
		a->verdict = DNS_BOGUS;
		a->peer = flow_rig_peer(r, text + 6); // what the forger would like
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (strcmp(text, plain[i].word) == 0) {
			a->outcome = (uint8_t)plain[i].outcome;
			return true;
		}
	return false;
}

bool flow_rig_answer(struct flow_rig *r, const char *text, const struct now *now)
{
	struct lookup_answer a;

	if (!answer_make(r, text, &a))
		return false;
	flow_lookup_answer(r->flow, r->lookup_last, &a, now);
	flow_rig_media(r, now);
	return true;
}

// ---- the registry database

static bool attach(struct flow_rig *r, const char *const *rows, uint32_t count)
{
	struct registry *next = NULL;
	struct ldr_rig old = r->ldr;
	bool made = ldr_rig_open(&r->ldr, rows, count) && is_ok(registry_new(&next, r->conf.snapshot)) &&
		    is_ok(registry_attach(next, &r->ldr.ldr));
	if (!made) {
		registry_free(next);
		ldr_rig_close(&r->ldr);
		r->ldr = old;
		return false;
	}
	flow_set_registry(r->flow, next);
	registry_free(r->registry);
	ldr_rig_close(&old);
	r->registry = next;
	return true;
}

bool flow_rig_registry(struct flow_rig *r, struct bytes text)
{
	enum { ROWS_MAX = 64 };
	char *copy = strndup((const char *)text.at, text.len), *rest = copy;
	const char *rows[ROWS_MAX];
	uint32_t count = 0;
	for (char *line; copy != NULL && count < ROWS_MAX && (line = strsep(&rest, "\r\n")) != NULL;)
		if (line[0] != '\0')
			rows[count++] = line;
	bool done = copy != NULL && attach(r, rows, count);
	free(copy);
	return done;
}

// ---- opening and closing

static bool flow_make(struct flow_rig *r, uint32_t max_calls, const struct now *now)
{
	struct sf_token_key key[SF_TOKEN_KEYS_MAX] = {[0] = {1, "a key for replay"}};
	struct flow_config c = {
		.max_calls = max_calls,
		.max_transactions = max_calls * 8,
		.registry = r->registry,
		.keys = r->keys,
		.load = r->load,
		.port = {.ctx = r, .send = send_h, .close = close_h, .media = media_h, .keep = keep_h, .may_record = may_record_h,
			.ended = ended_h, .random = random_h, .lookup = lookup_h},
		.secret = "another for hash",
	};

	if (!is_ok(sf_token_keys_new(&r->keys, key, 0)))
		return false;
	c.keys = r->keys;
	return is_ok(flow_new(&r->flow, &c, now));
}

bool flow_rig_open(struct flow_rig *r, struct bytes yaml, uint32_t max_calls, const struct now *now)
{
	r->seed = 42;
	if (load(r, yaml, now) && is_ok(registry_new(&r->registry, r->conf.snapshot)) &&
		(r->load = memory_array(PEERS_MAX, sizeof(*r->load))) != NULL && flow_make(r, max_calls, now))
		return true;
	flow_rig_close(r);
	return false;
}

bool flow_rig_renew(struct flow_rig *r, uint32_t max_calls, const struct now *now)
{
	flow_free(r->flow);
	sf_token_keys_free(r->keys);
	r->flow = NULL;
	r->keys = NULL;
	r->media_count = r->sessions_made = r->sessions_live = 0;
	memset(r->session, 0, sizeof(r->session));
	memset(r->load, 0, PEERS_MAX * sizeof(*r->load));
	memset(r->refused, 0, sizeof(r->refused));
	memset(r->shadowed, 0, sizeof(r->shadowed));
	memset(r->alarms, 0, sizeof(r->alarms));
	return flow_make(r, max_calls, now);
}

void flow_rig_close(struct flow_rig *r)
{
	flow_free(r->flow);
	sf_token_keys_free(r->keys);
	memory_free(r->load);
	registry_free(r->registry);
	ldr_rig_close(&r->ldr);
	conf_result_free(&r->conf);
	r->flow = NULL;
	r->keys = NULL;
	r->load = NULL;
	r->registry = NULL;
}

// ---- events

void flow_rig_tell(struct flow_rig *r)
{
	const struct flow_counters *c = flow_counters(r->flow);
	char text[80];

	for (uint32_t i = 0; i < STEP_COUNT; i++) {
		for (; r->refused[i] < atomic_load(&c->step[i].refused); r->refused[i]++) {
			snprintf(text, sizeof(text), "refused %s", step_by_id((enum step_id)i)->name);
			event(r, text);
		}
		for (; r->shadowed[i] < atomic_load(&c->step[i].shadowed); r->shadowed[i]++) {
			snprintf(text, sizeof(text), "passed over %s", step_by_id((enum step_id)i)->name);
			event(r, text);
		}
	}
	for (uint32_t i = 0; i < SF_ALARM_COUNT; i++)
		for (; r->alarms[i] < atomic_load(&c->alarm[i]); r->alarms[i]++) {
			snprintf(text, sizeof(text), "alarm %s", flow_alarm_name(i));
			event(r, text);
		}
}

void flow_rig_media(struct flow_rig *r, const struct now *now)
{
	while (r->media_count > 0 && !r->media_hold) {
		struct ipc_media m = r->media[0];
		r->media_count--;
		memmove(&r->media[0], &r->media[1], r->media_count * sizeof(m));
		flow_media(r->flow, &m, now);
	}
	flow_rig_tell(r);
}

void flow_rig_receive(struct flow_rig *r, const struct origin *o, struct bytes octets, const struct now *now)
{
	flow_receive(r->flow, o, octets.at, (uint32_t)octets.len, now);
	flow_rig_media(r, now);
}

void flow_rig_run(struct flow_rig *r, const struct now *now)
{
	flow_run(r->flow, now);
	flow_rig_media(r, now);
}

peer_id flow_rig_peer(const struct flow_rig *r, const char *name)
{
	return registry_peer_by_name(r->registry, name);
}

enum step_id flow_rig_step(const char *name)
{
	for (uint32_t i = 0; i < STEP_COUNT; i++)
		if (strcmp(step_by_id((enum step_id)i)->name, name) == 0)
			return (enum step_id)i;
	return STEP_COUNT;
}
