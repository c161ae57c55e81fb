// SPDX-License-Identifier: Apache-2.0
// Sources of a key: a short list, searched in order; the one in use is moved to no other place, so that its
// keep word stays where it is.
#include "mf/srtp_source.h"

#include "base/memory.h"

#include <string.h>

#define INDEX_LIMIT (1ull << 48) // RFC3711#3.3.1: a key ends here
#define WORD_BITS 49             // index + 1 needs one bit more

struct srtp_source *srtp_sources_find(const struct srtp_sources *s, uint32_t ssrc)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->list[i].ssrc == ssrc)
			return &s->list[i];
	return NULL;
}

static result room_make(struct srtp_sources *s)
{
	uint8_t room = s->room == 0 ? SRTP_SOURCES_FIRST : (uint8_t)(s->room * 2);
	struct srtp_source *list;

	if (s->count < s->room)
		return OK;
	REQUIRE(s->count < SRTP_SOURCES_MAX, E_FULL);
	list = memory_array(room, sizeof(*list));
	REQUIRE(list != NULL, E_NO_MEMORY);
	if (s->count > 0)
		memcpy(list, s->list, s->count * sizeof(*list));
	memory_free(s->list);
	s->list = list;
	s->room = room;
	return OK;
}

result srtp_sources_add(struct srtp_sources *s, uint32_t ssrc, struct srtp_source **out)
{
	*out = NULL;
	TRY(room_make(s));
	*out = &s->list[s->count];
	**out = (struct srtp_source){.ssrc = ssrc};
	if (s->keep != NULL)
		s->keep[s->count] = (struct srtp_keep){.ssrc = ssrc};
	s->count++;
	return OK;
}

void srtp_sources_free(struct srtp_sources *s)
{
	memory_free(s->list);
	*s = (struct srtp_sources){0};
}

// 15 check bits over source and index, so that a torn or foreign record is told from a good one.
static uint64_t keep_word(uint32_t ssrc, uint64_t next)
{
	uint64_t mixed = (next ^ (uint64_t)ssrc << 17 ^ 0x5a17) * 0x9e3779b97f4a7c15ull;

	return next | (mixed >> WORD_BITS | 1) << WORD_BITS;
}

static void window_fill(struct srtp_window *w, uint64_t index)
{
	w->index = index; // nothing at or below the floor is taken again
	w->bits[0] = UINT64_MAX;
	w->bits[1] = UINT64_MAX;
}

static bool keep_read(const struct srtp_keep *k, uint64_t *next)
{
	*next = k->word & ((1ull << WORD_BITS) - 1);
	return *next <= INDEX_LIMIT && (k->word == 0 || k->word == keep_word(k->ssrc, *next));
}

result srtp_sources_restore(struct srtp_sources *s, uint32_t *bad)
{
	struct srtp_keep found[SRTP_SOURCES_MAX];
	struct srtp_source *source;
	uint64_t next;

	memcpy(found, s->keep, sizeof(found));
	s->count = 0;
	for (uint32_t i = 0; i < SRTP_SOURCES_MAX; i++) {
		if (found[i].word == 0 && found[i].rtcp_next == 0)
			continue;
		if (!keep_read(&found[i], &next) || srtp_sources_find(s, found[i].ssrc) != NULL) {
			(*bad)++;
			continue;
		}
		TRY(srtp_sources_add(s, found[i].ssrc, &source));
		s->keep[s->count - 1] = found[i];
		source->rtp_seen = next != 0;
		source->rtcp_seen = found[i].rtcp_next != 0;
		window_fill(&source->rtp, next == 0 ? 0 : next - 1);
		window_fill(&source->rtcp, found[i].rtcp_next == 0 ? 0 : found[i].rtcp_next - 1);
	}
	for (uint32_t i = s->count; i < SRTP_SOURCES_MAX; i++)
		s->keep[i] = (struct srtp_keep){0};
	return OK;
}

result srtp_index_estimate(const struct srtp_source *source, uint16_t sequence, uint64_t *index)
{
	uint64_t highest, roc;
	uint16_t last;

	*index = sequence;
	if (source == NULL || !source->rtp_seen)
		return OK;
	highest = source->rtp.index;
	roc = highest >> 16;
	last = (uint16_t)highest;
	if (last < 0x8000) {
		if ((int32_t)sequence - (int32_t)last > 0x8000) {
			REQUIRE(roc > 0, E_REPLAY);
			roc--;
		}
	} else if ((int32_t)last - 0x8000 > (int32_t)sequence) {
		roc++;
	}
	*index = roc << 16 | sequence;
	REQUIRE(*index < INDEX_LIMIT, E_STALE);
	return OK;
}

result srtp_window_check(const struct srtp_window *w, bool seen, uint64_t index)
{
	uint64_t back;

	if (!seen || index > w->index)
		return OK;
	back = w->index - index;
	REQUIRE(back < SRTP_REPLAY_WINDOW, E_REPLAY);
	REQUIRE((w->bits[back / 64] >> back % 64 & 1) == 0, E_REPLAY);
	return OK;
}

static void window_shift(struct srtp_window *w, uint64_t n)
{
	if (n >= SRTP_REPLAY_WINDOW) {
		w->bits[0] = w->bits[1] = 0;
	} else if (n >= 64) {
		w->bits[1] = w->bits[0] << (n - 64);
		w->bits[0] = 0;
	} else if (n > 0) {
		w->bits[1] = w->bits[1] << n | w->bits[0] >> (64 - n);
		w->bits[0] <<= n;
	}
}

static void window_mark(struct srtp_window *w, bool *seen, uint64_t index)
{
	uint64_t back = 0;

	if (!*seen) {
		*w = (struct srtp_window){.index = index};
		*seen = true;
	} else if (index > w->index) {
		window_shift(w, index - w->index);
		w->index = index;
	} else {
		back = w->index - index;
	}
	w->bits[back / 64] |= 1ull << back % 64;
}

void srtp_source_mark_rtp(struct srtp_sources *s, struct srtp_source *source, uint64_t index)
{
	window_mark(&source->rtp, &source->rtp_seen, index);
	if (s->keep != NULL && index == source->rtp.index) {
		struct srtp_keep *k = &s->keep[source - s->list];
		__atomic_store_n(&k->word, keep_word(source->ssrc, index + 1), __ATOMIC_RELEASE);
	}
}

void srtp_source_mark_rtcp(struct srtp_sources *s, struct srtp_source *source, uint32_t index)
{
	window_mark(&source->rtcp, &source->rtcp_seen, index);
	if (s->keep != NULL && index == source->rtcp.index) {
		struct srtp_keep *k = &s->keep[source - s->list];
		__atomic_store_n(&k->rtcp_next, index + 1, __ATOMIC_RELEASE);
	}
}
