// SPDX-License-Identifier: Apache-2.0
// Header field name -> id, any case, long and compact forms (RFC3261#7.3.1, #7.3.3).
//
// Its first and last eight octets, as two words, find a name's slot in a perfect hash, and tell whether it is the
// name in that slot: no loop over octets. The set is fixed, so no stranger can make it collide.
#include "wire/sip/header.h"
#include "wire/sip/name.h"
#include "wire/sip/name_slots.h"
#include "wire/sip/octet.h"
#include "wire/sip/word.h"

#if defined(__SSE2__) && !defined(__FRAMAC__)
#include <emmintrin.h>
#endif

enum { NAME_OCTETS = 24 }; // the longest name we know has 21

// The first and the last eight octets of a name: the same for one of up to eight, zeros behind a shorter one.
struct ends {
	uint64_t first, last;
};

// Of the LEN octets, at most NAME_OCTETS, at AT, where NAME_OCTETS can be read.
static inline struct ends ends_of(const uint8_t *at, uint32_t len)
{
	uint64_t first = word_begin(word_load(at), len);
	return (struct ends){first, len > 8 ? word_load(at + len - 8) : first};
}

static inline uint8_t slot_of(struct ends e)
{
	uint64_t hash = ((e.first | EACH_OCTET(0x20)) * NAME_HASH + (e.last | EACH_OCTET(0x20))) * NAME_HASH;
	return name_slot[hash >> (64 - NAME_SLOT_BITS)];
}

static enum sip_hdr compact_form(uint8_t c)
{
	uint8_t letter = octet_lower(c);
	return letter >= 'a' && letter <= 'z' ? (enum sip_hdr)name_compact[letter - 'a'] : SIP_HDR_OTHER;
}

enum sip_hdr name_lookup(const uint8_t *buf, uint32_t end, struct span s)
{
	uint32_t len = s.to - s.from;

	if (s.from >= s.to || s.to > end || len > NAME_OCTETS)
		return SIP_HDR_OTHER;
	if (len == 1)
		return compact_form(octet_at(buf, end, s.from));
	struct ends e;
	e.first = word_read(buf, end, s.from, len);
	e.last = len > 8 ? word_read(buf, end, s.to - 8, 8) : e.first;
	uint8_t id = slot_of(e);
	const uint8_t *name = (const uint8_t *)sip_hdr_rows[id].name;
	struct ends known = ends_of(name, len);
	uint64_t differs = word_differs(e.first, known.first) | word_differs(e.last, known.last);
	if (len > 16)
		differs |= word_differs(word_read(buf, end, s.from + 8, 8), word_load(name + 8));
	return differs == 0 && sip_hdr_rows[id].name_len == len ? (enum sip_hdr)id : SIP_HDR_OTHER;
}

// How many octets stand before the first ':' among the NAME_OCTETS at AT; NAME_OCTETS when it is not there. The wide
// look and the narrow one give the same answer: the unit test has each name with each octet of it changed.
static inline uint32_t octets_to_colon(const uint8_t *at)
{
#if defined(__SSE2__) && !defined(__FRAMAC__)
	const __m128i colon = _mm_set1_epi8(':');
	__m128i head = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i tail = _mm_loadl_epi64((const __m128i *)(const void *)(at + 16));
	unsigned found = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(head, colon)) |
		(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tail, colon)) << 16 | 1u << NAME_OCTETS;
	return (uint32_t)__builtin_ctz(found);
#else
	uint32_t i = 0;
	while (i < NAME_OCTETS && at[i] != ':')
		i++;
	return i;
#endif
}

// Compact and unknown names, other case than the RFC's, blanks before the colon: octet by octet.
static __attribute__((noinline)) uint32_t name_scan_other(const uint8_t *buf, uint32_t n, uint32_t at,
	struct sip_line *l)
{
	uint32_t to = scan_class(buf, n, at, OCT_TOKEN);
	uint32_t i = scan_class(buf, n, to, OCT_WSP); // "From :" is lawful (RFC3261#7.3.1)

	l->id = SIP_HDR_OTHER;
	l->name = (struct span){at, to};
	if (to == at || octet_at(buf, n, i) != ':')
		return 0;
	l->id = (uint16_t)name_lookup(buf, n, l->name);
	return i + 1;
}

uint32_t name_scan(const uint8_t *buf, uint32_t n, uint32_t at, struct sip_line *l)
{
	if (n < NAME_OCTETS || at > n - NAME_OCTETS)
		return name_scan_other(buf, n, at, l);
	uint32_t len = octets_to_colon(buf + at);
	struct ends e = ends_of(buf + at, len);
	uint8_t id = slot_of(e);
	const struct sip_hdr_desc *d = &sip_hdr_rows[id];
	struct ends known = ends_of((const uint8_t *)d->name, len);
	bool same = id != SIP_HDR_OTHER && d->name_len == len && e.first == known.first && e.last == known.last;

	if (!same || (len > 16 && word_load(buf + at + 8) != word_load((const uint8_t *)d->name + 8)))
		return name_scan_other(buf, n, at, l);
	// spelt as the RFC spells it, so it is a token: no look at each of its octets
	l->id = id;
	l->name = (struct span){at, at + len};
	return at + len + 1;
}

enum sip_hdr sip_hdr_of(struct bytes name)
{
	if (name.len == 0 || name.len > SIP_HEADER_LINE_MAX)
		return SIP_HDR_OTHER;
	return name_lookup(name.at, (uint32_t)name.len, (struct span){0, (uint32_t)name.len});
}
