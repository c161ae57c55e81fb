// SPDX-License-Identifier: Apache-2.0
// Option tags (RFC3261#19.2) as rows: what becomes of each on its way into a peering or into the core zone.
//
// A tag that passes end to end says something about a header field; where that header field stays behind, by its own
// row (wire/sip/header.c), the tag does too: neither side is promised what the other never sees.
#ifndef SF_OPTIONS_H
#define SF_OPTIONS_H

#include "wire/sip/header.h"
#include "wire/sip/write.h"

enum option_action {
	OPTION_TERMINATE, // ours on each leg, interworked (100rel, timer)
	OPTION_PASS,      // end to end
	OPTION_REFUSE,    // does not work through two dialogs, or is not wanted: 420 when required, else left out
};

enum { OPTIONS_TEXT_MAX = 512 }; // tags of one answer of ours [octets]; more get a 420 that names none

typedef uint32_t option_set; // bit N: row N

struct option_row {
	struct bytes tag;
	uint8_t to_peering, to_core; // enum option_action, by the zone that the message goes into
	uint8_t header;              // enum sip_hdr that must pass too; SIP_HDR_OTHER: none
};

struct option_asked { // what a request listed, kept until its answer comes
	option_set required, supported;
};

uint32_t option_count(void);
// Row N, 0 to option_count() - 1. Tags without a row have one that refuses.
const struct option_row *option_row(uint32_t n);
// What becomes of TAG on WAY; NULL: the message is for us alone, and what would pass is refused.
enum option_action option_action(struct bytes tag, const struct sip_hdr_way *way);
// The tags of a request that have rows: Require with Proxy-Require, and Supported.
struct option_asked options_asked(const struct sip_msg *m);

// Write the tags of Require and Proxy-Require of M that WAY (as above) refuses, comma-separated; false when there
// is none (RFC3261#8.2.2.3).
bool options_unsupported(const struct sip_msg *m, const struct sip_hdr_way *way, struct sip_writer *w);
// Write the tags of rows REQUIRED that M lists neither as supported nor as required, comma-separated; false when
// there is none (RFC3261#21.4.16).
bool options_missing(const struct sip_msg *m, option_set required, struct sip_writer *w);
// Write header field ID (Supported, Require or Proxy-Require) for the other leg: tags of OWN first (comma-separated,
// may be empty), then those of M's ID that pass on WAY. M NULL: OWN alone. Nothing is written when there is none.
void options_write(struct sip_writer *w, enum sip_hdr id, struct bytes own, const struct sip_msg *m,
	struct sip_hdr_way way);

// M, 420 or 421, is the far side's answer to a request that went WAY and listed ASKED. The status that the asker gets: M's,
// when tags remain that are its own affair (it required them; it could list them), else 500: what we put in or left
// out is not for it to mend. Any other status is returned as it is.
uint16_t options_told(const struct sip_msg *m, const struct option_asked *asked, struct sip_hdr_way way);
// Write Unsupported (420) or Require (421) with those tags; nothing for other answers.
void options_write_told(struct sip_writer *w, const struct sip_msg *m, const struct option_asked *asked,
	struct sip_hdr_way way);

#endif
