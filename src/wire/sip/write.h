// SPDX-License-Identifier: Apache-2.0
// Writing SIP: append to a fixed buffer; overflow is sticky and checked once at the end.
#ifndef WIRE_SIP_WRITE_H
#define WIRE_SIP_WRITE_H

#include "base/address.h"
#include "wire/sip/sip.h"

struct sip_writer {
	uint8_t *at;
	uint32_t len, cap;
	uint32_t line_from; // where the text of the present line begins
	bool overflow;
	bool refused;       // a value held CR, LF or NUL
};

void sip_write_init(struct sip_writer *w, void *buf, uint32_t cap);
void sip_write_octets(struct sip_writer *w, struct bytes b); // as they are
void sip_write_string(struct sip_writer *w, const char *s);
void sip_write_number(struct sip_writer *w, uint64_t v);     // decimal
void sip_write_request_line(struct sip_writer *w, struct bytes method, struct bytes uri);
void sip_write_status_line(struct sip_writer *w, uint16_t status, struct bytes phrase);
// "Name: " ; then the value by sip_write_octets and friends; then sip_write_crlf. Refuses CR, LF, NUL in values (SF-I11).
void sip_write_name(struct sip_writer *w, enum sip_hdr id);
void sip_write_crlf(struct sip_writer *w);
void sip_write_header(struct sip_writer *w, enum sip_hdr id, struct bytes value); // whole line
// Copy a line of M as it is: name in its long form, value with folding made one space.
void sip_write_line(struct sip_writer *w, const struct sip_msg *m, const struct sip_line *l);
// Content-Length, the empty line and the body.
void sip_write_body(struct sip_writer *w, struct bytes body);
// E_TOO_LONG when anything did not fit, E_SYNTAX when a line held CR, LF or NUL.
MUST_USE result sip_write_end(const struct sip_writer *w, uint32_t *length);

#endif
