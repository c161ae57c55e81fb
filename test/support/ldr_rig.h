// SPDX-License-Identifier: Apache-2.0
// A registry database in memory: rows of text in, a set of blocks out, attached to a registry.
#ifndef SUPPORT_LDR_RIG_H
#define SUPPORT_LDR_RIG_H

#include "registry/ldr.h"

struct ldr_rig {
	struct ldr ldr;
	void *ranges, *groups;
};

// Each text is "KIND column=value column=value ...", "_" for a space in a value. False: a row was refused, or memory is out.
bool ldr_rig_open(struct ldr_rig *r, const char *const *rows, uint32_t count);
// One such text as a row. False: refused.
bool ldr_rig_row(const char *text, struct row *row);
void ldr_rig_close(struct ldr_rig *r);

#endif
