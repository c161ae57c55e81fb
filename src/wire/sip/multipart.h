// SPDX-License-Identifier: Apache-2.0
// Multipart bodies (RFC 2046, RFC 5621): iterate over parts; nothing is copied.
#ifndef WIRE_SIP_MULTIPART_H
#define WIRE_SIP_MULTIPART_H

#include "wire/sip/sip.h"

enum {
	MULTIPART_PARTS_MAX = 8,      // a description and a few more: location, ISUP, pictures
	MULTIPART_BOUNDARY_MAX = 70,  // RFC2046#5.1.1 [octets]
};

struct sip_part {
	struct span content_type; // value of the part's Content-Type, empty: text/plain
	struct span disposition;
	bool handling_required;   // RFC3204: handling=required, the default
	bool coded;               // by Content-Encoding or Content-Transfer-Encoding: BODY is not what it stands for
	struct span length;       // the line of its Content-Length with its end; empty: none
	struct span headers, body;
};

struct sip_multipart {
	uint32_t count;
	bool ambiguous;  // "--" boundary stands where no delimiter does: others may see other parts (SF-I11)
	struct span all; // from the first delimiter to behind the last: without preamble and epilogue
	struct sip_part part[MULTIPART_PARTS_MAX];
};

// Is VALUE (a Content-Type) the media type "type/subtype" (case-insensitive)?
bool sip_content_type_is(const uint8_t *buf, uint32_t n, struct span value, struct bytes type);
// Is the type of VALUE that one, whatever its subtype (case-insensitive; RFC3261#25.1 allows space around the slash)?
bool sip_content_class_is(const uint8_t *buf, uint32_t n, struct span value, struct bytes type);
// Split BODY by the boundary of CONTENT_TYPE. What is ambiguous is split as RFC 2046 says, and marked. E_SYNTAX, E_TOO_MANY.
MUST_USE result sip_multipart_parse(const uint8_t *buf, uint32_t n, struct span content_type, struct span body,
	struct sip_multipart *out);

#endif
