// SPDX-License-Identifier: Apache-2.0
// The hours at which a route is open: days of the week and one span of time, in UTC, so that no change of summer time moves
// a route by surprise. A span that goes over midnight belongs to the day on which it began.
#include "registry/row.h"

enum {
	DAYS = 7,
	ALL_DAYS = (1 << DAYS) - 1,
	DAY_MIN = 1440,  // minutes of a day
	EPOCH_DAY = 3,   // 1970-01-01 was a Thursday
	TIMES_LEN = 11,  // "08:00-18:00"
	MINUTE_MS = 60000,
};

static int day_of(struct bytes b, size_t at)
{
	static const char names[] = "montuewedthufrisatsun";

	for (int d = 0; d < DAYS && at + 3 <= b.len; d++) {
		if (memcmp(b.at + at, names + 3 * (size_t)d, 3) == 0)
			return d;
	}
	return -1;
}

// "mon-fri,sun"; a day stands once.
static result days_parse(struct bytes b, uint8_t *days)
{
	size_t at = 0;

	*days = 0;
	for (;;) {
		int first = day_of(b, at), last = first;
		REQUIRE(first >= 0, E_SYNTAX);
		at += 3;
		if (at < b.len && b.at[at] == '-') {
			last = day_of(b, at + 1);
			REQUIRE(last >= 0 && last != first, E_SYNTAX);
			at += 4;
		}
		for (int d = first;; d = (d + 1) % DAYS) {
			REQUIRE((*days & (1u << d)) == 0, E_SYNTAX);
			*days = (uint8_t)(*days | (1u << d));
			if (d == last)
				break;
		}
		if (at == b.len)
			return OK;
		REQUIRE(b.at[at++] == ',', E_SYNTAX);
	}
}

// "hh:mm", 24:00 included.
static result minute_parse(const uint8_t *at, uint16_t *minute)
{
	for (uint32_t i = 0; i < 5; i++)
		REQUIRE(i == 2 ? at[i] == ':' : at[i] >= '0' && at[i] <= '9', E_SYNTAX);
	uint32_t hour = (uint32_t)(at[0] - '0') * 10 + (uint32_t)(at[1] - '0');
	uint32_t min = (uint32_t)(at[3] - '0') * 10 + (uint32_t)(at[4] - '0');
	REQUIRE(min < 60 && hour * 60 + min <= DAY_MIN, E_SYNTAX);
	*minute = (uint16_t)(hour * 60 + min);
	return OK;
}

static result times_parse(struct bytes b, struct row_hours *out)
{
	REQUIRE(b.len == TIMES_LEN && b.at[5] == '-', E_SYNTAX);
	TRY(minute_parse(b.at, &out->from_min));
	TRY(minute_parse(b.at + 6, &out->to_min));
	REQUIRE(out->from_min != out->to_min && out->from_min < DAY_MIN, E_SYNTAX); // an empty span is a slip
	return OK;
}

result row_hours_parse(struct bytes text, struct row_hours *out)
{
	struct row_hours h = {.days = ALL_DAYS, .from_min = 0, .to_min = DAY_MIN};
	const uint8_t *space = text.len == 0 ? NULL : memchr(text.at, ' ', text.len);

	*out = h;
	if (text.len == 0)
		return OK;
	REQUIRE(text.len < ROW_HOURS_MAX, E_SYNTAX);
	if (space != NULL) {
		size_t n = (size_t)(space - text.at);
		TRY(days_parse(bytes_make(text.at, n), &h.days));
		TRY(times_parse(bytes_make(space + 1, text.len - n - 1), &h));
	} else if (text.at[0] >= '0' && text.at[0] <= '9') {
		TRY(times_parse(text, &h));
	} else {
		TRY(days_parse(text, &h.days));
	}
	*out = h;
	return OK;
}

bool row_hours_hold(const struct row_hours *h, uint64_t wall_ms)
{
	uint64_t minutes = wall_ms / MINUTE_MS;
	uint32_t minute = (uint32_t)(minutes % DAY_MIN);
	uint32_t today = (uint32_t)((minutes / DAY_MIN + EPOCH_DAY) % DAYS);
	bool began_today = (h->days >> today & 1u) != 0;
	bool began_yesterday = (h->days >> (today + DAYS - 1) % DAYS & 1u) != 0;

	if (h->from_min < h->to_min)
		return began_today && minute >= h->from_min && minute < h->to_min;
	return (began_today && minute >= h->from_min) || (began_yesterday && minute < h->to_min);
}
