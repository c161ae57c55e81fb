// SPDX-License-Identifier: Apache-2.0
// Editing header values: parameters left out or put in, folding undone.
#ifndef SF_PARAMS_H
#define SF_PARAMS_H

#include "wire/sip/write.h"

// Cut the next ";"-separated parameter off REST (quoted strings are kept whole); false at the end.
bool params_next(struct bytes *rest, struct bytes *param);
// Write B with each folding (CRLF and white space) made one space.
void params_write_unfolded(struct sip_writer *w, struct bytes b);
// Write every parameter of PARAMS, each after ";", except those named DROP1 or DROP2.
void params_write_except(struct sip_writer *w, struct bytes params, struct bytes drop1, struct bytes drop2);
// Write the name-addr or addr-spec VALUE of M, parsed as A, without its header parameter DROP.
void params_write_addr_without(struct sip_writer *w, const struct sip_msg *m, struct span value,
	const struct sip_addr *a, struct bytes drop);

#endif
