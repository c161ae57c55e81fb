// SPDX-License-Identifier: Apache-2.0
// Writing SDP: append to a fixed buffer; overflow is sticky and checked once at the end.
//
// A description is edited, not made anew: lines that do not change are copied octet for octet, in place and order (R17).
#ifndef WIRE_SDP_WRITE_H
#define WIRE_SDP_WRITE_H

#include "wire/sdp/sdp.h"

struct sdp_writer {
	uint8_t *at;
	uint32_t len, cap;
	bool overflow;
};

void sdp_write_init(struct sdp_writer *w, void *buf, uint32_t cap);
void sdp_write_octets(struct sdp_writer *w, struct bytes b);
void sdp_write_string(struct sdp_writer *w, const char *s);
void sdp_write_number(struct sdp_writer *w, uint64_t v); // decimal
void sdp_write_crlf(struct sdp_writer *w);
// Line L of S with its own line end; one without gets CRLF.
void sdp_write_line(struct sdp_writer *w, const struct sdp *s, const struct sdp_line *l);
// "IN IP4 192.0.2.1" or "IN IP6 2001:db8::1"
void sdp_write_connection(struct sdp_writer *w, const struct address *a);
// A whole a=crypto line: TAG, SUITE and the LEN octets of KEY in base64 (RFC 4568).
void sdp_write_crypto(struct sdp_writer *w, uint32_t tag, uint8_t suite, const uint8_t *key, uint32_t len);
// E_TOO_LONG when anything did not fit.
MUST_USE result sdp_write_end(const struct sdp_writer *w, uint32_t *length);

#endif
