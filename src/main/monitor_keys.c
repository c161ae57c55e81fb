// SPDX-License-Identifier: Apache-2.0
// Keys of tokens rotate. The monitor makes and keeps them, so that they come back to a signaller that is started again.
// The new key takes the place of the oldest: the signaller has ended what still bore that one (sf_retire_keys), so a key
// is good for SF_TOKEN_KEYS_MAX - 1 - SF_TOKEN_RETIRE rotations at least.
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "main/control.h"
#include "main/monitor_state.h"

#include <sodium.h>
#include <string.h>

_Static_assert((int)IPC_CONTROL_KEY_LEN == (int)SF_TOKEN_KEY_LEN, "a key fits its message");

static void make_key(struct monitor *m, uint8_t index)
{
	randombytes_buf(m->token_key[index].key, SF_TOKEN_KEY_LEN);
	m->token_key[index].live = 1;
	m->token_current = index;
	m->token_rotated_us = clock_now().mono_us;
}

result monitor_keys_make(struct monitor *m)
{
	REQUIRE(sodium_init() >= 0, E_SYSTEM);
	randombytes_buf(m->secret, sizeof(m->secret));
	make_key(m, 0);
	return OK;
}

static void tell(struct monitor *m)
{
	struct ipc_control msg = control_make(IPC_CONTROL_TOKEN_KEY);
	if (m->child[ROLE_SIGNALLER].control < 0)
		return; // the next one is started with all keys
	msg.index = m->token_current;
	memcpy(msg.key, m->token_key[m->token_current].key, sizeof(msg.key));
	result r = control_send(m->child[ROLE_SIGNALLER].control, &msg, -1);
	memory_wipe(&msg, sizeof(msg));
	if (!is_ok(r)) // it goes on with the key that it has, and gets the next one
		log_write(LOG_LEVEL_WARNING, "monitor.token-key-lost", LOG_STR("why", error_name(r.error)));
}

uint64_t monitor_keys_deadline(const struct monitor *m)
{
	return m->token_rotated_us + m->conf.snapshot->settings.token_rotation_s * SECOND;
}

void monitor_keys_run(struct monitor *m, uint64_t now_us)
{
	if (now_us < monitor_keys_deadline(m))
		return;
	make_key(m, (uint8_t)((m->token_current + 1) % SF_TOKEN_KEYS_MAX));
	log_write(LOG_LEVEL_INFO, "monitor.token-key", LOG_NUM("number", m->token_current));
	tell(m);
}
