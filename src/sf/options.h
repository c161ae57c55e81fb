// SPDX-License-Identifier: Apache-2.0
// Option tags (RFC3261#19.2) as rows: what each leg does with them.
#ifndef SF_OPTIONS_H
#define SF_OPTIONS_H

#include "wire/sip/write.h"

enum option_action {
	OPTION_TERMINATE, // ours on each leg, interworked (100rel, timer)
	OPTION_PASS,      // end to end: the header fields it governs pass too
	OPTION_REFUSE, // does not work through two dialogs, or not wanted here: 420 when required, else left
		       // out
};

struct option_row {
	struct bytes tag;
	enum option_action action;
};

// The row of TAG; unknown tags have one that refuses.
const struct option_row *option_row(struct bytes tag);
// Write the tags of Require and Proxy-Require of M that must be refused, comma-separated; false when there is
// none.
bool options_unsupported(const struct sip_msg *m, struct sip_writer *w);
// Write header field ID (Supported or Require) for the other leg: tags of OWN first (comma-separated, may be
// empty), then those of M's ID that pass. Nothing is written when there is none.
void options_write(struct sip_writer *w, enum sip_hdr id, struct bytes own, const struct sip_msg *m);

#endif
