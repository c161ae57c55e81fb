// SPDX-License-Identifier: Apache-2.0
// The list of messages of one load: bounded, sorted by place. Text out of the file is printed with control
// octets replaced, so that a message stays one line (BE-5).
#include "conf/message.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdlib.h>

static bool make_room(struct conf_messages *m)
{
	uint32_t room = m->room == 0 ? 16 : m->room * 2;
	struct conf_message *list;

	if (m->count < m->room)
		return true;
	list = memory_array(room, sizeof(*list));
	if (list == NULL) {
		m->no_memory = true;
		return false;
	}
	if (m->count > 0)
		memcpy(list, m->list, m->count * sizeof(*list));
	memory_free(m->list);
	m->list = list;
	m->room = room;
	return true;
}

static void one_line(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

void conf_say(struct conf_messages *m, enum conf_severity severity, uint32_t line, uint32_t column,
	const char *format, ...)
{
	struct conf_message *message;
	va_list args;

	m->tally[severity]++;
	if (m->count >= CONF_MESSAGES_MAX) {
		m->lost++;
		return;
	}
	if (!make_room(m))
		return;
	message = &m->list[m->count++];
	*message = (struct conf_message){.severity = severity, .line = line, .column = column};
	va_start(args, format);
	vsnprintf(message->text, sizeof(message->text), format, args);
	va_end(args);
	one_line(message->text);
}

static bool comes_after(const struct conf_message *a, const struct conf_message *b)
{
	return a->line != b->line ? a->line > b->line : a->column > b->column;
}

// Insertion: at most CONF_MESSAGES_MAX, nearly in order already, and stable.
void conf_messages_sort(struct conf_messages *m)
{
	for (uint32_t i = 1; i < m->count; i++) {
		struct conf_message held = m->list[i];
		uint32_t at = i;
		for (; at > 0 && comes_after(&m->list[at - 1], &held); at--)
			m->list[at] = m->list[at - 1];
		m->list[at] = held;
	}
}
