// SPDX-License-Identifier: Apache-2.0
// The list of messages of one load.
#ifndef CONF_MESSAGE_H
#define CONF_MESSAGE_H

#include "conf/conf.h"

struct conf_messages {
	struct conf_message *list;
	uint32_t count, room, lost;
	uint32_t tally[CONF_WARNING + 1]; // by severity
	bool no_memory;                   // a message could not be kept: the load fails
};

// Add a message, "what; how to mend".
void conf_say(struct conf_messages *m, enum conf_severity severity, uint32_t line, uint32_t column,
	const char *format, ...) PRINTF_LIKE(5, 6);
// Sort by line and column; messages of one place keep their order.
void conf_messages_sort(struct conf_messages *m);

#endif
