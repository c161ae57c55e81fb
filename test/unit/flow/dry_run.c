// SPDX-License-Identifier: Apache-2.0
// A dry run tells each step and changes nothing: no message, no call, no media, no count. And what outlives a crash.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_play.h"

static struct origin core_origin(void)
{
	struct origin o = {.transport = TRANSPORT_UDP, .tls_peer = PEER_NONE};

	assert_true(is_ok(address_parse(bytes_of_string("10.0.0.5:5060"), &o.remote)));
	assert_true(is_ok(address_parse(bytes_of_string("10.0.0.1:5060"), &o.local)));
	return o;
}

static struct trail dry(struct play *p, const char *number, const char *caller)
{
	struct origin o = core_origin();
	struct trail trail = {0};
	char text[1024];
	int n = snprintf(text, sizeof(text),
		"INVITE sip:%s@ssp-a.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKdry\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:%s@x.example>;tag=t\r\nTo: <sip:%s@ssp-a.example>\r\nCall-ID: dry\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.5>\r\nContent-Length: 0\r\n\r\n",
		number, caller, number);

	flow_dry_run(p->rig.flow, &o, (const uint8_t *)text, (uint32_t)n, &trail, &p->now);
	return trail;
}

static const char *last_step(const struct trail *t)
{
	return step_by_id((enum step_id)t->mark[t->count - 1].step)->name;
}

static void nothing_changes(void **state)
{
	struct play *p = calloc(1, sizeof(*p));

	(void)state;
	assert_non_null(p);
	assert_true(play_open(p));
	for (int i = 0; i < 100; i++) {
		struct trail t = dry(p, "+4920111", "+4930555");
		assert_string_equal(last_step(&t), "send");
		assert_int_equal(t.mark[t.count - 1].action, VERDICT_DONE);
		t = dry(p, "+4920111", "+15550000");
		assert_string_equal(last_step(&t), "identity");
		assert_int_equal(t.mark[t.count - 1].status, 403);
		t = dry(p, "+15550000", "+4930555");
		assert_string_equal(last_step(&t), "look-up");
		assert_int_equal(t.mark[t.count - 1].status, 404);
	}
	assert_int_equal(p->sent_count, 0);
	assert_int_equal(p->rig.sessions_made, 0);
	assert_int_equal(sf_call_count(flow_sf(p->rig.flow)), 0);
	for (uint32_t i = 0; i < STEP_COUNT; i++)
		assert_int_equal(atomic_load(&flow_counters(p->rig.flow)->step[i].refused), 0);
	play_close(p);
	free(p);
}

// The owner of a message is the same worker for INVITE, its repetition, CANCEL and ACK, whatever else changes.
static void one_owner(void **state)
{
	static const char *const texts[] = {
		"INVITE sip:x SIP/2.0\r\nTo: <sip:x>\r\nCall-ID: abc@d\r\n\r\n",
		"CANCEL sip:x SIP/2.0\r\ni:abc@d\r\nTo: <sip:x>\r\n\r\n",
		"ACK sip:x SIP/2.0\r\nCALL-ID :\tabc@d \r\nTo: <sip:x>;tag=forged-and-of-the-right-length\r\n\r\n",
	};
	struct sf_token_key key[SF_TOKEN_KEYS_MAX] = {[0] = {1, "a key for replay"}};
	struct sf_token_keys *keys;
	const uint8_t secret[16] = "another for hash";
	uint32_t hit[8] = {0};

	(void)state;
	assert_true(is_ok(sf_token_keys_new(&keys, key, 0)));
	uint8_t first = flow_owner(keys, secret, 8, (const uint8_t *)texts[0], (uint32_t)strlen(texts[0]));
	for (uint32_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(flow_owner(keys, secret, 8, (const uint8_t *)texts[i], (uint32_t)strlen(texts[i])), first);
	for (uint32_t i = 0; i < 4000; i++) { // spread over all workers, and never outside
		char text[100];
		int n = snprintf(text, sizeof(text), "INVITE sip:x SIP/2.0\r\nCall-ID: %u\r\n\r\n", i);
		uint8_t w = flow_owner(keys, secret, 8, (const uint8_t *)text, (uint32_t)n);
		assert_true(w < 8);
		hit[w]++;
	}
	for (uint32_t i = 0; i < 8; i++)
		assert_in_range(hit[i], 350, 650);
	struct sf_token t = {.kind = SF_TOKEN_TAG, .worker = 5, .peer = 1, .ref = {7, 9}};
	char tag[SF_TOKEN_LEN + 1] = {0}, text[200];
	sf_token_seal(keys, &t, tag);
	int n = snprintf(text, sizeof(text), "BYE sip:x SIP/2.0\r\nCall-ID: abc@d\r\nTo: <sip:x>;tag=%s\r\n\r\n", tag);
	assert_int_equal(flow_owner(keys, secret, 8, (const uint8_t *)text, (uint32_t)n), 5);
	sf_token_keys_free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_changes), cmocka_unit_test(one_owner)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
