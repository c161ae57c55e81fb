// SPDX-License-Identifier: Apache-2.0
// Fuzz target: what a new process reads back from the memfds of its predecessor: the slots of kept calls (guard/records), the
// images of calls and of their media plans, the store of media sessions. A crash may have left anything, and a process that
// was taken over too, with checksums that fit. Nobody may read beyond an image, and what is taken over can be worked with
// and ended.
#include "../support/flow_rig.c"
#include "../support/ldr_rig.c"
#include "../support/flow_play.c"

#include "guard/records.h"
#include "mf/engine.h"
#include "mf/store.h"
#include "wire/rtp/rtp.h"

#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STREAMS = 4, PAIRS = 8, SLOTS = 4, SLOT_OCTETS = 256, PATCHES = 16 };

static void must(bool held)
{
	if (!held)
		abort();
}

// Patches: offset (16 bits), length, octets. Returns what is left of the input.
static size_t patch(uint8_t *at, size_t room, const uint8_t *data, size_t size)
{
	size_t used = 0;

	for (int i = 0; i < PATCHES && size - used > 3; i++) {
		const uint8_t *p = data + used;
		size_t from = ((size_t)p[0] << 8 | p[1]) % room, n = p[2] % 16u + 1;
		n = n < size - used - 3 ? n : size - used - 3;
		n = n < room - from ? n : room - from;
		memcpy(at + from, p + 3, n);
		used += 3 + n;
	}
	return used;
}

// ---- kept calls

static const uint8_t live_call[] = {0, 0, 2, 0, 1, 1, 0, 4, 0, 0, 1, 4, 0, 0, 0x80, 0}; // a call that is up
static const uint8_t goes_on[] = {5, 0, 1, 0x80, 1, 4, 0, 3, 0, 1, 7, 17, 5, 0, 2, 0, 1, 1, 0, 4, 0, 0, 7, 19, 9, 4};

static void to_calls(const uint8_t *data, size_t size)
{
	static struct play before, after;
	static struct sf_call_image image;
	static uint8_t media[PLAN_IMAGE_MAX];

	if (before.rig.image.length == 0) {
		must(play_open(&before));
		play_run(&before, live_call, sizeof(live_call));
		must(before.rig.image.length > 0);
	}
	image = before.rig.image;
	memcpy(media, before.rig.media_image, sizeof(media));
	uint32_t media_len = before.rig.media_image_len;
	if (size > 2 && data[0] & 1) // cut, or longer than what was written
		image.length = (uint32_t)data[1] << 4;
	if (size > 2 && data[0] & 2)
		media_len = data[2] * 6u;
	size_t used = size > 3 ? 3 : size;
	if (size > used) {
		bool plan = data[0] & 4;
		patch(plan ? media : image.octets, plan ? before.rig.media_image_len + 1 : before.rig.image.length, data + used,
			size - used);
	}
	uint8_t *exact = malloc(media_len + 1u);
	must(exact != NULL && (after.rig.flow == NULL ? play_open(&after) : play_renew(&after)));
	memcpy(exact, media, media_len < sizeof(media) ? media_len : sizeof(media));
	result r = flow_restore(after.rig.flow, &image, bytes_make(exact, media_len), &after.now);
	after.rig.last_call = before.rig.last_call;
	free(exact);
	if (is_ok(r))
		must(sf_call_count(flow_sf(after.rig.flow)) == 1);
	play_run(&after, goes_on, sizeof(goes_on));
	play_wait(&after, 60 * SECOND);
}

// ---- media plans

static void plan_random(void *ctx, void *out, size_t n)
{
	UNUSED(ctx);
	memset(out, 7, n);
}

static void to_plan(const uint8_t *data, size_t size)
{
	static struct peer peer;
	static struct listener listener;
	static uint8_t again[PLAN_IMAGE_MAX];
	struct plan_context c = {.leg = {{&peer, &listener, true, true}, {&peer, &listener, true, false}}, .random = plan_random};
	struct plan_session *s;
	struct media_plan m;
	uint8_t *exact = malloc(size + 1), streams;
	uint32_t len;

	must(exact != NULL);
	memcpy(exact, data, size);
	result r = plan_restore(&s, exact, (uint32_t)size);
	free(exact);
	if (!is_ok(r))
		return;
	plan_media(s, &c, &m);
	must(m.count <= MEDIA_STREAMS_MAX);
	if (is_ok(plan_save(s, again, sizeof(again), &len)))
		must(len == size);
	static const char offer[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
	struct verdict v = plan_offer(s, &c, 0, bytes_of_string(offer), &streams);
	UNUSED(v);
	plan_free(s);
}

// ---- media sessions

struct lab {
	struct address pair[PAIRS];
	struct mf_listener listener;
	struct session_ref session[2];
	uint32_t sessions;
};

static void answer_h(void *ctx, uint32_t owner, const struct ipc_media *m)
{
	struct lab *l = ctx;

	UNUSED(owner);
	if (m->type == IPC_MEDIA_CREATED && l->sessions < 2)
		l->session[l->sessions++] = m->session;
}

static struct mf_engine *engine(struct lab *l, void *store, size_t size, const struct now *now)
{
	struct mf_engine_config c = {.sessions_max = 4, .streams_max = STREAMS, .listener = &l->listener, .listener_count = 1,
		.store = store, .store_size = size, .hooks = {.answer = answer_h, .ctx = l}};
	struct mf_engine *e;

	must(is_ok(mf_engine_new(&e, &c, now)));
	return e;
}

static void sessions_make(struct lab *l, struct mf_engine *e, const struct now *now)
{
	for (uint8_t i = 0; i < 2; i++) {
		struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_CREATE};
		struct media_stream *s = &m.u.plan.stream[0];
		m.u.plan.count = 1;
		s->active = 1;
		s->keying = i == 0 ? KEYING_PASS : KEYING_ADD;
		for (uint8_t side = 0; side < 2; side++)
			s->side[side].remote_rtp = s->side[side].remote_rtcp = (struct address){4, 0, 4000, {192, 0, 2, side}};
		s->side[1].in = s->side[1].out = (struct media_key){.suite = SUITE_AEAD_AES_128_GCM, .len = 28, .mki_len = i, .mki = i};
		mf_engine_message(e, 0, &m, now);
	}
}

static void packets(struct mf_engine *e, const struct now *now)
{
	for (uint32_t i = 0; i < STREAMS * 4; i++) {
		uint8_t buf[RTP_DATAGRAM_MAX] = {0x80, 8, 0, (uint8_t)i, 0, 0, 0, 0, 1, 2, 3, 4};
		struct mf_datagram d = {.stream = i % STREAMS, .side = i / STREAMS & 1, .rtcp = i / STREAMS > 1, .buf = buf, .len = 172,
			.cap = sizeof(buf), .from = {4, 0, 4000, {192, 0, 2, i / STREAMS & 1}}};
		(void)mf_packet(e, &d, now); // any verdict; memory safety is what is tested
	}
}

static void sessions_end(struct lab *l, struct mf_engine *e, const struct now *now)
{
	for (uint32_t slot = 0; slot < STREAMS * 2; slot++)
		for (uint32_t generation = 0; generation < 4; generation++) {
			struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_DELETE, .session = {slot, generation}};
			mf_engine_message(e, 0, &m, now);
		}
	UNUSED(l);
}

static void to_sessions(const uint8_t *data, size_t size)
{
	struct lab l = {0};
	struct now now = {.mono_us = SECOND};
	size_t room = mf_store_size(STREAMS);
	uint8_t *block = aligned_alloc(16, (room + 15) / 16 * 16);
	struct mf_store store;
	bool found, whole = size > 0 && data[0] & 1;

	must(block != NULL);
	memset(block, 0, room);
	for (uint32_t i = 0; i < PAIRS; i++)
		l.pair[i] = (struct address){4, 0, (uint16_t)(20000 + 2 * i), {127, 0, 0, 1}};
	l.listener = (struct mf_listener){l.pair, PAIRS};
	struct mf_engine *e = engine(&l, block, room, &now);
	sessions_make(&l, e, &now);
	packets(e, &now);
	mf_engine_free(e); // as if it had died: the block stays
	if (size > 1)
		patch(block, room, data + 1, size - 1);
	if (whole && is_ok(mf_store_open(&store, block, room, STREAMS, &found))) { // the checksums fit
		for (uint32_t i = 0; i < STREAMS; i++) {
			struct mf_record record = store.record[i];
			if (record.version != 0)
				mf_store_write(&store, i, &record);
		}
	}
	e = engine(&l, block, room, &now);
	must(mf_engine_restore(e, &now) <= STREAMS);
	packets(e, &now);
	sessions_make(&l, e, &now);
	now.mono_us += 400 * SECOND;
	mf_engine_run(e, &now);
	sessions_end(&l, e, &now);
	mf_engine_free(e);
	free(block);
}

// ---- the slots of guard/records

static void visit(uint32_t slot, struct bytes octets, void *ctx)
{
	volatile uint8_t seen = 0;

	must(slot < RECORDS_SLOTS_MAX && octets.len > 0);
	for (size_t i = 0; i < octets.len; i++)
		seen ^= octets.at[i];
	++*(uint32_t *)ctx;
}

static void to_records(const uint8_t *data, size_t size)
{
	static uint8_t page[4096 + SLOTS * 512];
	struct records *r;
	uint32_t visited = 0, damaged = 0;
	int fd;

	must(is_ok(records_create("fuzz", SLOTS, SLOT_OCTETS, &fd)) && is_ok(records_map(fd, &r)));
	for (uint32_t i = 0; i < SLOTS - 1; i++)
		must(is_ok(records_put(r, i, bytes_of_string("a record that is whole"))));
	records_unmap(r);
	ssize_t n = pread(fd, page, sizeof(page), 0);
	must(n > 0);
	if (size > 0 && data[0] & 1) // behind the geometry
		patch(page + 4096, (size_t)n > 4096 ? (size_t)n - 4096 : 1, data + 1, size - 1);
	else if (size > 0)
		patch(page, 64, data + 1, size - 1);
	must(pwrite(fd, page, (size_t)n, 0) == n);
	if (is_ok(records_map(fd, &r))) {
		records_each(r, visit, &visited, &damaged);
		must(visited + damaged <= records_slots(r));
		result put = records_put(r, 0, bytes_of_string("another"));
		UNUSED(put);
		records_erase(r, 0);
		records_unmap(r);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const to[])(const uint8_t *, size_t) = {to_calls, to_plan, to_sessions, to_records};

	if (size >= 1)
		to[data[0] % ARRAY_LEN(to)](data + 1, size - 1);
	return 0;
}
