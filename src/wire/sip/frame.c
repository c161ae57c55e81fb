// SPDX-License-Identifier: Apache-2.0
// Stream framing (RFC3261#18.3, #20.14): where the message at the front of the buffer ends.
//
// One answer or none: exactly one Content-Length, plain digits, within the limit; each line ends in CRLF. Anything
// else leaves it uncertain where the next message begins, and the connection must close (SF-I11): a second message
// can never come out of a body. The answer does not depend on how the octets arrived.
#include "wire/sip/name.h"
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

// The index behind the first CRLF CRLF; 0 when there is none yet.
static uint32_t header_end(const uint8_t *buf, uint32_t n)
{
#ifndef __FRAMAC__
	const uint8_t *at = memmem(buf, n, "\r\n\r\n", 4);
	return at != NULL ? (uint32_t)(at - buf) + 4 : 0;
#else
	for (uint32_t past = 4; past <= n; past++)
		if (octet_at(buf, n, past - 4) == '\r' && octet_at(buf, n, past - 3) == '\n' &&
			octet_at(buf, n, past - 2) == '\r' && octet_at(buf, n, past - 1) == '\n')
			return past;
	return 0;
#endif
}

// The Content-Length among the lines from AT to END (behind the last line's CRLF). E_FRAMING.
static result length_find(const uint8_t *buf, uint32_t end, uint32_t at, uint32_t max, uint32_t *length)
{
	bool found = false;

	*length = 0;
	while (at < end) {
		uint32_t to, next;
		struct span name = {at, scan_class(buf, end, at, OCT_TOKEN)};
		uint32_t i = scan_class(buf, end, name.to, OCT_WSP);
		REQUIRE(name.to > at && octet_at(buf, end, i) == ':', E_FRAMING);
		REQUIRE(is_ok(text_line(buf, end, i + 1, true, &to, &next)), E_FRAMING);
		if (name_lookup(buf, end, name) == SIP_HDR_CONTENT_LENGTH) {
			uint32_t from = scan_lws(buf, to, i + 1);
			uint32_t past = scan_class(buf, to, from, OCT_DIGIT);
			REQUIRE(!found && scan_lws(buf, to, past) == to, E_FRAMING);
			REQUIRE(is_ok(sip_number_parse(buf, end, (struct span){from, past}, max, length)), E_FRAMING);
			found = true;
		}
		at = next;
	}
	REQUIRE(found, E_FRAMING);
	return OK;
}

result sip_frame(const uint8_t *buf, uint32_t n, uint32_t max, uint32_t *length)
{
	uint32_t to, next, body;

	*length = 0;
	REQUIRE(n != 0, E_AGAIN);
	REQUIRE(octet_in(octet_at(buf, n, 0), OCT_TOKEN), E_FRAMING); // TLS, HTTP/2, ...: not even a method
	uint32_t head = header_end(buf, n < max ? n : max);
	if (head < 4)
		return FAIL(n < max ? E_AGAIN : E_FRAMING);
	// the last two octets are the empty line
	REQUIRE(is_ok(text_line(buf, head, 0, false, &to, &next)), E_FRAMING);
	TRY(length_find(buf, head - 2, next, max, &body));
	REQUIRE(body <= max - head, E_FRAMING);
	*length = head + body;
	return OK;
}
