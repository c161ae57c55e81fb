// SPDX-License-Identifier: Apache-2.0
// Header field name -> id, any case, long and compact forms (RFC3261#7.3.1, #7.3.3).
//
// One probe of a perfect hash, then one comparison. The set is fixed, so no stranger can make it collide.
#include "wire/sip/header.h"
#include "wire/sip/name.h"
#include "wire/sip/name_slots.h"
#include "wire/sip/octet.h"

#ifndef __FRAMAC__
// memcmp without the call: names are 2 to 21 octets long, so two words that may overlap cover nearly all.
static inline bool same_octets(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	uint64_t x, y;
	if (len < 8) {
		for (uint32_t i = 0; i < len; i++)
			if (a[i] != b[i])
				return false;
		return true;
	}
	for (uint32_t i = 0; i < len - 8; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	memcpy(&x, a + len - 8, 8);
	memcpy(&y, b + len - 8, 8);
	return x == y;
}
#endif

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
	// "| 0x20" is lower case for letters; what it does to other octets does not matter to a hash
	uint32_t h = len * NAME_BY_LEN + (first | 0x20u) * NAME_BY_FIRST +
		(octet_at(buf, end, s.from + len / 2) | 0x20u) * NAME_BY_MIDDLE +
		(octet_at(buf, end, s.to - 1) | 0x20u) * NAME_BY_LAST +
		(octet_at(buf, end, s.from + len / 4) | 0x20u) * NAME_BY_QUARTER;
	enum sip_hdr id = (enum sip_hdr)name_slot[h % NAME_SLOTS];
	const struct sip_hdr_desc *d = sip_hdr_desc(id);
	if (d->name_len != len)
		return SIP_HDR_OTHER;
#ifndef __FRAMAC__
	if (same_octets(buf + s.from, (const uint8_t *)d->name, len)) // spelt as the RFC spells it: nearly always
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
