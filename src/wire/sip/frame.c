// SPDX-License-Identifier: Apache-2.0
// Stream framing (RFC3261#18.3, #20.14): where the message at the front of the buffer ends.
//
// One answer or none: exactly one Content-Length, plain digits, within the limit; each line ends in CRLF. Anything
// else leaves it uncertain where the next message begins, and the connection must close (SF-I11): a second message
// can never come out of a body. The answer does not depend on how the octets arrived.
#include "wire/sip/name.h"
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

// Is there a CRLF CRLF?
static bool header_ends(const uint8_t *buf, uint32_t n)
{
#ifndef __FRAMAC__
	return memmem(buf, n, "\r\n\r\n", 4) != NULL;
#else
	for (uint32_t past = 4; past <= n; past++)
		if (octet_at(buf, n, past - 4) == '\r' && octet_at(buf, n, past - 3) == '\n' &&
			octet_at(buf, n, past - 2) == '\r' && octet_at(buf, n, past - 1) == '\n')
			return true;
	return false;
#endif
}

// Of a header at the front of BUF whose empty line stands within N octets: its length, and what Content-Length says.
// E_FRAMING for any other.
static result header_read(const uint8_t *buf, uint32_t n, uint32_t max, uint32_t *head, uint32_t *body)
{
	uint32_t to, at;
	bool found = false;

	*head = *body = 0;
	REQUIRE(is_ok(text_line(buf, n, 0, false, &to, &at)), E_FRAMING);
	while (octet_at(buf, n, at) != '\r') {
		struct sip_line l;
		uint32_t i = name_scan(buf, n, at, &l);
		REQUIRE(i != 0 && is_ok(text_line(buf, n, i, true, &to, &at)), E_FRAMING);
		if (l.id == SIP_HDR_CONTENT_LENGTH) {
			uint32_t from = scan_lws(buf, to, i);
			uint32_t past = scan_class(buf, to, from, OCT_DIGIT);
			REQUIRE(!found && scan_lws(buf, to, past) == to, E_FRAMING);
			REQUIRE(is_ok(sip_number_parse(buf, n, (struct span){from, past}, max, body)), E_FRAMING);
			found = true;
		}
	}
	REQUIRE(found && octet_at(buf, n, at + 1) == '\n', E_FRAMING);
	*head = at + 2;
	return OK;
}

result sip_frame(const uint8_t *buf, uint32_t n, uint32_t max, uint32_t *length)
{
	uint32_t head, body, within = n < max ? n : max;

	*length = 0;
	REQUIRE(n != 0, E_AGAIN);
	REQUIRE(octet_in(octet_at(buf, n, 0), OCT_TOKEN), E_FRAMING); // TLS, HTTP/2, ...: not even a method
	result r = header_read(buf, within, max, &head, &body);
	if (!is_ok(r)) // as long as the header is not whole, whatever it holds, the answer is to wait
		return n < max && !header_ends(buf, n) ? FAIL(E_AGAIN) : r;
	REQUIRE(body <= max - head, E_FRAMING);
	*length = head + body;
	return OK;
}
