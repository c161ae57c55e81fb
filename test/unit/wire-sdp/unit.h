// SPDX-License-Identifier: Apache-2.0
// What the tests of wire/sdp share.
#ifndef TEST_WIRE_SDP_UNIT_H
#define TEST_WIRE_SDP_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "terms/media.h"
#include "wire/sdp/sdp.h"
#include "wire/sdp/write.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

// Parse a copy of TEXT of exactly its size, so that the sanitizer sees an octet too many. The copy stays in *KEEP.
static inline result parse_text(struct sdp *s, const char *text, struct sdp_fault *fault, uint8_t **keep)
{
	size_t n = strlen(text);

	*keep = malloc(n + 1);
	assert_non_null(*keep);
	memcpy(*keep, text, n);
	return sdp_parse(s, *keep, (uint32_t)n, fault);
}

static inline void assert_span(const struct sdp *s, struct span x, const char *text)
{
	struct bytes b = sdp_bytes(s, x);

	if (!bytes_equal(b, bytes_of_string(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)b.len, (const char *)b.at, text);
}

#endif
