// SPDX-License-Identifier: Apache-2.0
// What every response to one request repeats (RFC3261#8.2.6): its Via, From, To, Call-ID and CSeq.
//
// A server transaction keeps this text instead of the request: it is made once, from the parsed message, and each
// response is a status line, one copy of the text, and what is new. The message was checked when it came in; its
// topmost Via gets received and rport here (RFC3261#18.2.1, RFC3581#4).
#ifndef SF_REPLY_HEAD_H
#define SF_REPLY_HEAD_H

#include "wire/sip/write.h"

struct reply_head {
	uint8_t *octets;      // heap; NULL: none is kept
	uint32_t len;         // [octets] all of it
	uint32_t tag_at;      // where a To tag goes, 0: To bears one
	uint32_t routes_from; // Record-Route begins here,
	uint32_t stamp_from;  // and Timestamp here, to the end
};

// The text for responses to M, which came from SOURCE (port 0: none is told, family 0: the Via stays as it is). *OUT is
// the caller's, reply_head_free(). E_NO_MEMORY, E_TOO_LONG.
MUST_USE result reply_head_new(struct reply_head *out, const struct sip_msg *m, const struct address *source);
void reply_head_free(struct reply_head *h); // nothing to free is fine
// Write H with TAG added to a To that has none (empty: none is added). RECORD: with Record-Route; STAMP: with Timestamp.
void reply_head_write(struct sip_writer *w, const struct reply_head *h, struct bytes tag, bool record, bool stamp);
// The same straight from M, without keeping anything. COMPACT: short header names.
void reply_head_of(struct sip_writer *w, const struct sip_msg *m, const struct address *source, struct bytes tag, bool compact);

#endif
