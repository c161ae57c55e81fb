// SPDX-License-Identifier: Apache-2.0
// Inside of the engine, shared by its files and by nobody else.
#ifndef MF_ENGINE_STATE_H
#define MF_ENGINE_STATE_H

#include "base/pool.h"
#include "base/timer.h"
#include "mf/engine.h"
#include "mf/stream.h"

struct mf_session {
	struct timer silence; // first, so that the timer is the session
	struct mf_engine *engine;
	struct session_ref ref;
	uint32_t call_slot, call_generation;
	uint8_t owner;
	uint8_t count;
	bool told_one_way, told_both;
	listener_id listener[2];
	uint16_t silence_one_way_s, silence_both_s;
	uint32_t stream[MEDIA_STREAMS_MAX]; // slots, MF_SLOT_NONE when lost at restore
};

struct mf_engine {
	struct mf_engine_config config;
	struct mf_listener listener[MF_LISTENERS_MAX];
	struct mf_ports *ports[MF_LISTENERS_MAX];
	struct pool *sessions;
	struct mf_stream *stream; // streams_max of them
	uint32_t *stream_free;
	uint32_t stream_free_count;
	struct mf_store store;
	bool store_found;
	struct srtp_work *work;
	struct timer_wheel *wheel;
	struct {
		struct timer timer;
		struct mf_engine *engine;
	} lease;
	uint64_t lease_us[MF_OWNERS_MAX]; // last sign of life
	uint32_t gates_off;               // bits; tests only
	struct media_counters counters;
};

#define SLOT_WORKER_SHIFT 24
#define SLOT_LOCAL_MASK 0xffffffu

// engine.c
struct mf_session *mf_session_find(struct mf_engine *e, struct session_ref ref);
void mf_session_end(struct mf_engine *e, struct mf_session *s, const struct now *now);
void mf_session_answer(struct mf_engine *e, const struct mf_session *s, struct ipc_media *m);
// stream slots and ports: session.c
MUST_USE result mf_stream_open(struct mf_engine *e, struct mf_session *s, uint32_t index,
	const struct media_stream *plan, const struct now *now);
void mf_stream_end(struct mf_engine *e, uint32_t slot, const struct now *now);
MUST_USE result mf_stream_update(
	struct mf_engine *e, uint32_t slot, const struct media_stream *plan, const struct now *now);
void mf_port_tell(struct mf_engine *e, uint32_t slot, uint32_t side, bool open);
// silence.c
void mf_silence_arm(struct mf_session *s, const struct now *now);
void mf_lease_arm(struct mf_engine *e, const struct now *now);

#endif
