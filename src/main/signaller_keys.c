// SPDX-License-Identifier: Apache-2.0
// Another key of tokens. First every worker learns to open with it, then all begin to seal with it, so that no worker
// ever meets a token that it cannot open. What bears the keys that are next to go is ended in order.
#include "base/log.h"
#include "base/memory.h"
#include "main/signaller.h"

struct key_round { // shared by the workers
	_Atomic uint32_t left;  // workers that have not finished the step under way
	_Atomic bool failed;    // one could not learn it: nobody uses it, the next round is another
	bool using;             // second step
	struct signaller *home;
	uint8_t index;
	uint8_t key[SF_TOKEN_KEY_LEN];
};

struct key_mail {
	struct mail mail;
	struct worker *to;
	struct key_round *round;
};

static void round_free(struct key_round *r)
{
	memory_wipe(r->key, sizeof(r->key));
	memory_free(r);
}

static void learn(struct worker *w, struct key_round *r)
{
	if (!is_ok(sf_token_keys_put(w->keys, r->index, r->key)))
		atomic_store(&r->failed, true);
	sf_retire_keys(flow_sf(w->flow), (uint8_t)((r->index + 1) % SF_TOKEN_KEYS_MAX), &w->loop->now);
}

static void step(struct key_round *r, struct net_counters *counters);

static void step_over(struct key_round *r, struct net_counters *counters)
{
	if (r->using || atomic_load(&r->failed)) {
		log_write(r->using ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, r->using ? "signaller.token-key" : "signaller.token-key-lost",
			LOG_NUM("number", r->index));
		round_free(r);
		return;
	}
	r->using = true;
	step(r, counters);
}

static void key_h(struct mail *mail, void *ctx)
{
	struct key_mail *m = (struct key_mail *)mail;
	struct worker *w = m->to;
	struct key_round *r = m->round;
	UNUSED(ctx);
	memory_free(m);
	worker_enter(w);
	if (!r->using)
		learn(w, r);
	else if (!is_ok(sf_token_keys_use(w->keys, r->index)))
		net_count(net_worker_counters(w->net), NET_NO_MEMORY, 1); // it seals with the former: as good
	if (atomic_fetch_sub(&r->left, 1) == 1)
		step_over(r, net_worker_counters(w->net));
}

// One letter to each worker. Who comes last goes on to the next step, or ends the round.
static void step(struct key_round *r, struct net_counters *counters)
{
	struct signaller *s = r->home;
	uint32_t workers = s->workers;
	atomic_store(&r->left, workers);
	for (uint32_t i = 0; i < workers; i++) {
		struct key_mail *m = memory_alloc(sizeof(*m));
		if (m != NULL)
			*m = (struct key_mail){{.deliver = key_h}, &s->worker[i], r};
		if (m != NULL && is_ok(loop_post(s->worker[i].loop, &m->mail, counters)))
			continue; // R may be gone when this was the last
		memory_free(m);
		atomic_store(&r->failed, true);
		if (atomic_fetch_sub(&r->left, 1) == 1)
			step_over(r, counters);
	}
}

void token_key_spread(struct signaller *s, uint8_t index, const uint8_t key[SF_TOKEN_KEY_LEN])
{
	struct key_round *r = memory_alloc(sizeof(*r));
	if (r == NULL) {
		net_count(&s->counters, NET_NO_MEMORY, 1);
		return;
	}
	r->home = s;
	r->index = index;
	memcpy(r->key, key, sizeof(r->key));
	step(r, &s->counters);
}
