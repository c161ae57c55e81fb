// SPDX-License-Identifier: Apache-2.0
// Texts of a scenario: variables, their expansion, patterns of messages.
#ifndef TEST_REPLAY_SCENE_H
#define TEST_REPLAY_SCENE_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SCENE_NAME_MAX = 40,
	SCENE_VALUE_MAX = 1024,
	SCENE_VARS_MAX = 64,
	SCENE_MESSAGE_MAX = 70000,
	SCENE_LINES_MAX = 400
};

struct scene_vars {
	uint32_t count;
	struct {
		char name[SCENE_NAME_MAX], value[SCENE_VALUE_MAX];
	} var[SCENE_VARS_MAX];
};

// Set $NAME to VALUE; false when it does not fit.
bool scene_let(struct scene_vars *v, const char *name, struct bytes value);
// Forget $NAME.
void scene_forget(struct scene_vars *v, const char *name);
// Write IN with its variables replaced and "$$" as "$". False: a variable is unknown (its name is in OUT), or
// no room.
bool scene_expand(const struct scene_vars *v, struct bytes in, char *out, size_t cap);
// A message out of a block: CRLF at line ends, an empty line at the end of the header, "$length" counted.
bool scene_message(const struct scene_vars *v, struct bytes block, char *out, size_t cap, size_t *len);
// Does the message fit the pattern? Unknown variables take what stands there, when all fits. WHY: the line
// that does not. ONLY: each line of the message must be in the pattern.
bool scene_match(struct scene_vars *v, struct bytes pattern, struct bytes message, bool only, char why[256]);
// One line against one pattern.
bool scene_match_line(struct scene_vars *v, struct bytes pattern, struct bytes line);
// Cut the next line (without CR, LF) off the front of REST.
bool scene_line(struct bytes *rest, struct bytes *line);

#endif
