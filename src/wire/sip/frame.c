// SPDX-License-Identifier: Apache-2.0
// Stream framing (RFC3261#18.3, #20.14): where the message at the front of the buffer ends.
//
// One answer or none: exactly one Content-Length, plain digits, within the limit; each line ends in CRLF. Anything
// else leaves it uncertain where the next message begins, and the connection must close (SF-I11): a second message
// can never come out of a body. The answer does not depend on how the octets arrived.
#include "wire/sip/name.h"
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

// The index behind the first CRLF CRLF that ends beyond FROM, 0..N; 0 when there is none yet. Most calls for a slow sender
// end here, so it looks at line ends only, and not again at those that it has seen.
static uint32_t header_end(const uint8_t *buf, uint32_t n, uint32_t from)
{
	uint32_t begin = from < 2 ? 0 : from - 2; // the first line end may have been here before

	for (uint32_t i = scan_to(buf, n, begin, '\n'); i < n; i = scan_to(buf, n, i + 1, '\n'))
		if (i > 0 && octet_at(buf, n, i - 1) == '\r' && octet_at(buf, n, i + 1) == '\r' &&
			octet_at(buf, n, i + 2) == '\n')
			return i + 3;
	return 0;
}

// The Content-Length of the header at the front, whose end was found among the N octets. E_FRAMING.
static result length_find(const uint8_t *buf, uint32_t n, uint32_t max, uint32_t *length)
{
	uint32_t to, at;
	bool found = false;

	*length = 0;
	REQUIRE(is_ok(text_line(buf, n, 0, false, &to, &at)), E_FRAMING);
	while (octet_at(buf, n, at) != '\r') {
		struct sip_line l;
		uint32_t i = name_scan(buf, n, at, &l);
		REQUIRE(i != 0 && is_ok(text_line(buf, n, i, true, &to, &at)), E_FRAMING);
		if (l.id != SIP_HDR_CONTENT_LENGTH)
			continue;
		uint32_t from = scan_lws(buf, to, i);
		uint32_t past = scan_class(buf, to, from, OCT_DIGIT);
		REQUIRE(!found && scan_lws(buf, to, past) == to, E_FRAMING);
		REQUIRE(is_ok(sip_number_parse(buf, n, (struct span){from, past}, max, length)), E_FRAMING);
		found = true;
	}
	REQUIRE(found && octet_at(buf, n, at + 1) == '\n', E_FRAMING); // the empty line, and no bare CR
	return OK;
}

result sip_frame(const uint8_t *buf, uint32_t n, uint32_t seen, uint32_t max, uint32_t *length)
{
	uint32_t some = n < max ? n : max;
	uint32_t body;

	*length = 0;
	REQUIRE(n != 0, E_AGAIN);
	REQUIRE(octet_in(octet_at(buf, n, 0), OCT_TOKEN), E_FRAMING); // TLS, HTTP/2, ...: not even a method
	uint32_t head = header_end(buf, some, seen < some ? seen : some);
	if (head == 0)
		return FAIL(n < max ? E_AGAIN : E_FRAMING);
	TRY(length_find(buf, n, max, &body));
	REQUIRE(body <= max - head, E_FRAMING);
	*length = head + body;
	return OK;
}
