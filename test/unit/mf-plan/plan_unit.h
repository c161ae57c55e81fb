// SPDX-License-Identifier: Apache-2.0
// Two peers, two listeners and a call between them, for the tests of src/mf/plan.
#ifndef TEST_PLAN_UNIT_H
#define TEST_PLAN_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mf/plan/keying.h"
#include "mf/plan/plan.h"

enum { TEXT_MAX = 8192 };

struct world {
	struct peer peer[2];
	struct listener listener[2];
	struct plan_context c;
	struct plan_session *s;
	struct media_ports ports;
	uint8_t streams;
	uint8_t buf[TEXT_MAX];
	struct sdp_writer w;
	char text[TEXT_MAX]; // what was written last
	uint8_t counter;
};

static inline void unit_random(void *ctx, void *out, size_t n)
{
	uint8_t *counter = ctx;

	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)(++*counter * 37u + i);
}

static inline struct address unit_address(const char *text)
{
	struct address a;

	assert_true(is_ok(address_parse(bytes_of_string(text), &a)));
	return a;
}

static inline struct prefix unit_prefix(const char *text)
{
	struct prefix p;

	assert_true(is_ok(prefix_parse(bytes_of_string(text), &p)));
	return p;
}

// Core side 0 (10.1.1.0/24, sees us as 10.0.0.1), peering side 1 (192.0.2.0/24, sees us as 203.0.113.7).
static inline void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	for (int i = 0; i < 2; i++) {
		w->peer[i].anchor = 1;
		w->peer[i].media_address_count = 1;
		w->listener[i].media_first = 20000;
		w->listener[i].media_last = 29999;
		w->c.leg[i] = (struct plan_leg){&w->peer[i], &w->listener[i], true, i == 0};
		for (uint8_t k = 0; k < MEDIA_STREAMS_MAX; k++) {
			w->ports.rtp[k][i] = unit_address(i == 0 ? "10.0.0.1:20000" : "203.0.113.7:25000");
			w->ports.rtp[k][i].port = (uint16_t)(w->ports.rtp[k][i].port + 2 * k);
		}
	}
	w->peer[0].media_address[0] = unit_prefix("10.1.1.0/24");
	w->peer[1].media_address[0] = unit_prefix("192.0.2.0/24");
	w->listener[0].media = unit_address("10.0.0.1:0");
	w->listener[1].media = unit_address("172.16.5.5:0");
	w->listener[1].advertise = unit_address("203.0.113.7:0");
	w->c.random = unit_random;
	w->c.random_ctx = &w->counter;
	assert_true(is_ok(plan_begin(&w->s, &w->c)));
}

static inline void world_free(struct world *w)
{
	plan_free(w->s);
	w->s = NULL;
}

static inline struct verdict world_take(struct world *w, struct verdict v)
{
	uint32_t n;

	w->text[0] = 0;
	if (v.action == VERDICT_PASS) {
		assert_true(is_ok(sdp_write_end(&w->w, &n)));
		memcpy(w->text, w->buf, n);
		w->text[n] = 0;
	}
	return v;
}

static inline struct verdict offer(struct world *w, int from, const char *sdp)
{
	struct verdict v = plan_offer(w->s, &w->c, from, bytes_of_string(sdp), &w->streams);

	w->text[0] = 0;
	if (v.action != VERDICT_PASS)
		return v;
	if (plan_needs_ports(w->s)) {
		w->ports.count = w->streams;
		assert_true(is_ok(plan_ports(w->s, &w->ports)));
	}
	sdp_write_init(&w->w, w->buf, sizeof(w->buf) - 1);
	return world_take(w, plan_offer_write(w->s, &w->c, from, bytes_of_string(sdp), &w->w));
}

static inline struct verdict answer(struct world *w, int from, const char *sdp)
{
	sdp_write_init(&w->w, w->buf, sizeof(w->buf) - 1);
	return world_take(w, plan_answer(w->s, &w->c, from, bytes_of_string(sdp), &w->w));
}

#define HEAD(ip) "v=0\r\no=alice 2890844526 2890844526 IN IP4 " ip "\r\ns=secret name\r\nc=IN IP4 " ip "\r\nt=0 0\r\n"
#define CORE HEAD("10.1.1.5")
#define PEERING HEAD("192.0.2.9")
#define KEY1 "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define KEY2 "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
#define KEY3 "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"

static inline void assert_passes(struct verdict v)
{
	if (v.action != VERDICT_PASS)
		fail_msg("refused: %s", v.reason);
}

static inline void assert_refused(struct verdict v, const char *reason)
{
	assert_int_equal(v.action, VERDICT_REPLY);
	assert_string_equal(v.reason, reason);
}

static inline void assert_has(const struct world *w, const char *part)
{
	if (strstr(w->text, part) == NULL)
		fail_msg("lacks \"%s\" in\n%s", part, w->text);
}

static inline void assert_lacks(const struct world *w, const char *part)
{
	if (strstr(w->text, part) != NULL)
		fail_msg("holds \"%s\" in\n%s", part, w->text);
}

#endif
