// SPDX-License-Identifier: Apache-2.0
// The descriptor of each header field: what it is called, how often it may stand, how its value is checked, what is done
// when it is missing, and what a border element does with it on its way into each kind of zone.
//
// There is no writer per field: a value that passes leaves as the octets that came (sip_write_line), folding undone, and
// what is ours goes through the same few functions of wire/sip/write.h, which alone refuse CR, LF and NUL (SF-I11).
#ifndef WIRE_SIP_HEADER_H
#define WIRE_SIP_HEADER_H

#include "wire/sip/sip.h"

enum sip_hdr_shape { SIP_SHAPE_SINGLE, SIP_SHAPE_LIST, SIP_SHAPE_MULTI /* several lines, commas mean nothing */ };

enum sip_hdr_treatment { // of a header field that arrives, towards the other leg
	SIP_TREAT_OWN,    // this element writes its own (Via, Contact, Call-ID, CSeq, ...): never copied
	SIP_TREAT_PASS,   // copied after its value was checked
	SIP_TREAT_STRIP,  // removed and counted
	SIP_TREAT_TRUST,  // copied only inside a trust domain (RFC 3325)
	SIP_TREAT_NEGOTIATE, // option tags and timers: worked out per leg
};

enum sip_hdr_missing { // of a message in which it does not stand
	SIP_MISSING_FINE,
	SIP_MISSING_REFUSE, // 400 "Missing NAME", or silence: no answer can be formed (RFC3261#8.1.1, #8.2.6)
	SIP_MISSING_SUPPLY, // taken for granted: Max-Forwards 70, Content-Length the rest of the datagram
};

struct sip_hdr_way { // where a message goes, as far as its header fields are concerned
	bool to_core; // into the core zone, else into a peering zone
	bool trusted; // both peers belong to the trust domain (RFC 3325)
	bool strict;  // unknown header fields stay behind (SF-I11)
};

typedef result (*sip_hdr_check)(const uint8_t *buf, uint32_t n, struct span value);

struct sip_hdr_desc {
	enum sip_hdr id;
	char name[28];          // long form, with its NUL; an array, so that no reader can run beyond it (and is proved)
	char compact;           // RFC3261#7.3.3; 0: none
	uint8_t shape;          // enum sip_hdr_shape
	uint8_t to_peering;     // enum sip_hdr_treatment when it leaves into a peering zone
	uint8_t to_core;        // ... into the core zone
	uint8_t if_missing;     // enum sip_hdr_missing
	uint8_t name_len;       // of the long form [octets]
	uint8_t may_be_empty;   // "Supported:" says none
	sip_hdr_check check;    // grammar of one value; NULL: any octets that the line grammar allows
	const char *bad, *missing, *twice, *many; // reason phrases of a 400
};

extern const struct sip_hdr_desc sip_hdr_rows[SIP_HDR_COUNT];

// The descriptor of ID; never NULL: SIP_HDR_OTHER has a row too.
static inline const struct sip_hdr_desc *sip_hdr_desc(enum sip_hdr id)
{
	return &sip_hdr_rows[(unsigned)id < SIP_HDR_COUNT ? id : SIP_HDR_OTHER];
}
// Is header field ID, with whatever value, copied on WAY? What is ours or negotiated is not: it is written anew.
bool sip_hdr_passes(enum sip_hdr id, struct sip_hdr_way way);

#endif
