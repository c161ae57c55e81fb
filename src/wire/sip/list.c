// SPDX-License-Identifier: Apache-2.0
// Header field lines with one name, and the comma-separated values in them (RFC3261#7.3.1).
//
// A comma counts outside quoted strings and angle brackets only. An empty element is handed on as an empty
// span, so that the value's own check refuses it; a line that is empty as a whole holds no value.
#include "wire/sip/header.h"
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

struct sip_list sip_list_begin(const struct sip_msg *m, enum sip_hdr id)
{
	struct sip_list it = {.msg = m, .line = sip_first(m, id), .at = 0, .count = 0};
	it.at = it.line != NULL ? it.line->value.from : 0;
	return it;
}

// The end of the value at I: a comma or END.
static uint32_t list_value_end(const uint8_t *buf, uint32_t end, uint32_t i)
{
	if (scan_to(buf, end, i, ',') == end)
		return end; // no comma at all: most lines hold one value
	while (i < end) {
		i = scan_class(buf, end, i, OCT_INNER);
		uint8_t c = octet_at(buf, end, i);
		if (i >= end)
			return end;
		if (c == ',')
			return i;
		if (c == '"') {
			uint32_t past = scan_quoted(buf, end, i);
			i = past != 0 ? past : end;
		} else if (c == '<') {
			i = scan_to(buf, end, i, '>');
		} else {
			i++;
		}
	}
	return end;
}

static struct span list_trim(const uint8_t *buf, uint32_t from, uint32_t to)
{
	from = scan_lws(buf, to, from);
	while (to > from) {
		uint8_t c = octet_at(buf, to, to - 1);
		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
		to--;
	}
	return (struct span){from, to};
}

bool sip_list_next(struct sip_list *it, struct span *value)
{
	const struct sip_msg *m = it->msg;

	*value = (struct span){0, 0};
	while (it->line != NULL && it->count < SIP_LIST_MAX) {
		const struct sip_line *l = it->line;
		uint32_t end = l->value.to;
		if (end > m->size || it->at > end || span_empty(l->value)) {
			it->line = sip_next(m, l);
			it->at = it->line != NULL ? it->line->value.from : 0;
			continue;
		}
		uint32_t to = sip_hdr_desc((enum sip_hdr)l->id)->shape == SIP_SHAPE_LIST ?
			list_value_end(m->buf, end, it->at) : end;
		*value = list_trim(m->buf, it->at, to);
		it->at = to + 1; // beyond END when this was the last
		it->count++;
		return true;
	}
	return false;
}

bool sip_list_has(const struct sip_msg *m, enum sip_hdr id, struct bytes token)
{
	struct sip_list it = sip_list_begin(m, id);
	struct span v;
	while (sip_list_next(&it, &v))
		if (bytes_equal_nocase(sip_bytes(m, v), token))
			return true;
	return false;
}
