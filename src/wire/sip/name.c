// SPDX-License-Identifier: Apache-2.0
// Header field name -> id, any case, long and compact forms (RFC3261#7.3.1, #7.3.3).
//
// One probe of a perfect hash, then one comparison. The set is fixed, so no stranger can make it collide.
#include "wire/sip/header.h"
#include "wire/sip/name.h"
#include "wire/sip/name_slots.h"
#include "wire/sip/octet.h"

enum sip_hdr name_lookup(const uint8_t *buf, uint32_t end, struct span s)
{
	uint32_t len = s.to - s.from;

	if (s.from > s.to || s.to > end)
		return SIP_HDR_OTHER;
	uint8_t first = octet_lower(octet_at(buf, end, s.from));

	if (len == 1)
		return first >= 'a' && first <= 'z' ? (enum sip_hdr)name_compact[first - 'a'] : SIP_HDR_OTHER;
	if (len == 0)
		return SIP_HDR_OTHER;
	uint32_t h = len * NAME_BY_LEN + first * (uint32_t)NAME_BY_FIRST +
		octet_lower(octet_at(buf, end, s.from + len / 2)) * (uint32_t)NAME_BY_MIDDLE +
		octet_lower(octet_at(buf, end, s.to - 1)) * (uint32_t)NAME_BY_LAST +
		octet_lower(octet_at(buf, end, s.from + len / 4)) * (uint32_t)NAME_BY_QUARTER;
	enum sip_hdr id = (enum sip_hdr)name_slot[h % NAME_SLOTS];
	const struct sip_hdr_desc *d = sip_hdr_desc(id);
	if (d->name_len != len)
		return SIP_HDR_OTHER;
#ifndef __FRAMAC__
	if (memcmp(buf + s.from, d->name, len) == 0) // spelt as the RFC spells it: nearly always
		return id;
#endif
	for (uint32_t i = 0; i < len; i++)
		if (octet_lower(octet_at(buf, end, s.from + i)) != octet_lower((uint8_t)d->name[i]))
			return SIP_HDR_OTHER;
	return id;
}

enum sip_hdr sip_hdr_of(struct bytes name)
{
	if (name.len == 0 || name.len > SIP_HEADER_LINE_MAX)
		return SIP_HDR_OTHER;
	return name_lookup(name.at, (uint32_t)name.len, (struct span){0, (uint32_t)name.len});
}
