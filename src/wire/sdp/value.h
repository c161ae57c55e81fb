// SPDX-License-Identifier: Apache-2.0
// Checks of line values that the index pass makes; inside wire/sdp only.
#ifndef WIRE_SDP_VALUE_H
#define WIRE_SDP_VALUE_H

#include "wire/sdp/sdp.h"

// Does the value of L follow the grammar of its type? NULL, or static text that says what is wrong.
const char *sdp_line_check(const struct sdp *s, const struct sdp_line *l);
// proto = token *("/" token)
bool sdp_proto_check(const struct sdp *s, struct span v);

#endif
