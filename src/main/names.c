// SPDX-License-Identifier: Apache-2.0
// A plain array: a few hundred names, asked for one after another.
#include "main/names.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

enum { GROW = 64, NOBODY = -1 };

struct entry {
	char host[DOMAIN_MAX];
	uint32_t count;
	struct address address[CONF_RESOLVED_MAX];
	uint64_t due_us;
};

struct names {
	struct entry *entry;
	uint32_t count, room;
	uint32_t number;
	int64_t asked;          // index of the question under way; NOBODY
	uint32_t request;       // its number
	uint64_t asked_until_us;
	bool changed;
};

result names_new(struct names **out)
{
	*out = memory_alloc(sizeof(**out));
	REQUIRE(*out != NULL, E_NO_MEMORY);
	(*out)->asked = NOBODY;
	return OK;
}

void names_free(struct names *n)
{
	if (n == NULL)
		return;
	memory_free(n->entry);
	memory_free(n);
}

uint32_t names_number(struct names *n)
{
	return ++n->number;
}

static struct entry *find(const struct names *n, const char *host)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (strcmp(n->entry[i].host, host) == 0)
			return &n->entry[i];
	return NULL;
}

static result grow(struct names *n)
{
	struct entry *more = memory_array(n->room + GROW, sizeof(*more));
	REQUIRE(more != NULL, E_NO_MEMORY);
	if (n->count > 0)
		memcpy(more, n->entry, n->count * sizeof(*more));
	memory_free(n->entry);
	n->entry = more;
	n->room += GROW;
	return OK;
}

static result add(struct names *n, const char *host, struct entry **out)
{
	size_t len = strlen(host);
	REQUIRE(len < DOMAIN_MAX, E_TOO_LONG);
	if (n->count == n->room)
		TRY(grow(n));
	*out = &n->entry[n->count++];
	**out = (struct entry){.count = 0};
	memcpy((*out)->host, host, len);
	return OK;
}

void names_get(const struct names *n, const char *host, struct address *out, uint32_t room, uint32_t *count)
{
	const struct entry *e = find(n, host);
	*count = e == NULL ? 0 : e->count < room ? e->count : room;
	if (*count > 0)
		memcpy(out, e->address, *count * sizeof(*out));
}

// Servers turn the order of addresses with each answer: the same set is no change.
static bool same_set(const struct entry *e, const struct address *a, uint32_t count)
{
	uint32_t found = 0;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < e->count; k++)
			found += address_equal(&e->address[k], &a[i]);
	return count == e->count && found == count;
}

result names_put(struct names *n, const char *host, const struct address *a, uint32_t count, uint64_t now_us)
{
	struct entry *e = find(n, host);
	if (e == NULL)
		TRY(add(n, host, &e));
	if (count > CONF_RESOLVED_MAX)
		count = CONF_RESOLVED_MAX;
	e->due_us = now_us + (count > 0 ? NAMES_REFRESH_MS : NAMES_RETRY_MS) * MS;
	if (count == 0 || same_set(e, a, count))
		return OK;
	memcpy(e->address, a, count * sizeof(*a));
	e->count = count;
	n->changed = true;
	return OK;
}

static bool listed(const char *host, const struct conf_name *name, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (strcmp(name[i].host, host) == 0)
			return true;
	return false;
}

result names_keep(struct names *n, const struct conf_name *name, uint32_t count, uint64_t now_us)
{
	uint32_t kept = 0;
	struct entry *e;
	for (uint32_t i = 0; i < n->count; i++)
		if (listed(n->entry[i].host, name, count))
			n->entry[kept++] = n->entry[i];
	if (kept != n->count)
		n->asked = NOBODY; // the places have moved; its answer is of nobody's question
	n->count = kept;
	n->changed = false; // the configuration was made with what is known
	for (uint32_t i = 0; i < count; i++) {
		if (name[i].host[0] == '\0' || find(n, name[i].host) != NULL)
			continue;
		TRY(add(n, name[i].host, &e));
		e->due_us = now_us;
	}
	return OK;
}

static struct entry *most_due(const struct names *n)
{
	struct entry *first = NULL;
	for (uint32_t i = 0; i < n->count; i++)
		if (first == NULL || n->entry[i].due_us < first->due_us)
			first = &n->entry[i];
	return first;
}

const char *names_ask(struct names *n, uint32_t *request, uint64_t now_us)
{
	if (n->asked != NOBODY && now_us < n->asked_until_us)
		return NULL;
	n->asked = NOBODY;
	struct entry *e = most_due(n);
	if (e == NULL || e->due_us > now_us)
		return NULL;
	e->due_us = now_us + (e->count > 0 ? NAMES_REFRESH_MS : NAMES_RETRY_MS) * MS;
	n->asked = e - n->entry;
	n->asked_until_us = now_us + NAMES_ANSWER_MS * MS;
	*request = n->request = names_number(n);
	return e->host;
}

bool names_answered(struct names *n, uint32_t request, const char *host)
{
	if (n->asked == NOBODY || request != n->request || strcmp(n->entry[n->asked].host, host) != 0)
		return false;
	n->asked = NOBODY;
	return true;
}

void names_unasked(struct names *n)
{
	n->asked = NOBODY;
}

bool names_changed(struct names *n, uint64_t now_us)
{
	const struct entry *e = most_due(n);
	if (!n->changed || n->asked != NOBODY || (e != NULL && e->due_us <= now_us))
		return false;
	n->changed = false;
	return true;
}

uint64_t names_deadline(const struct names *n)
{
	const struct entry *e = most_due(n);
	if (n->asked != NOBODY)
		return n->asked_until_us;
	return e != NULL ? e->due_us : NO_DEADLINE;
}
