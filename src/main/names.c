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
	uint32_t failures; // questions in a row that brought no address
};

struct names {
	struct entry *entry;
	uint32_t count, room;
	uint32_t number;
	int64_t asked;          // index of the question under way; NOBODY
	uint32_t request;       // its number
	uint64_t asked_until_us;
	bool changed;
	uint64_t quiet_until_us; // the next change is told then at the earliest
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

// Until the next question: a name that goes on failing is asked for ever less often.
static uint64_t wait_us(const struct entry *e)
{
	uint64_t wait = NAMES_RETRY_MS;
	if (e->failures == 0)
		return (e->count > 0 ? NAMES_REFRESH_MS : NAMES_RETRY_MS) * MS;
	for (uint32_t i = 1; i < e->failures && wait < NAMES_BACKOFF_MAX_MS; i++)
		wait *= 2;
	return (wait < NAMES_BACKOFF_MAX_MS ? wait : NAMES_BACKOFF_MAX_MS) * MS;
}

static void failed(struct entry *e)
{
	e->failures += e->failures < UINT32_MAX;
}

result names_put(struct names *n, const char *host, const struct address *a, uint32_t count, uint64_t now_us)
{
	struct entry *e = find(n, host);
	if (e == NULL)
		TRY(add(n, host, &e));
	if (count > CONF_RESOLVED_MAX)
		count = CONF_RESOLVED_MAX;
	if (count == 0)
		failed(e);
	else
		e->failures = 0;
	e->due_us = now_us + (count > 0 ? NAMES_REFRESH_MS * MS : wait_us(e));
	if (count == 0 || same_set(e, a, count))
		return OK;
	memcpy(e->address, a, count * sizeof(*a));
	e->count = count;
	n->changed = true;
	return OK;
}

bool names_knows(const struct names *n, const char *host)
{
	return find(n, host) != NULL;
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
	for (uint32_t i = 0; i < count; i++) {
		if (name[i].host[0] == '\0' || find(n, name[i].host) != NULL)
			continue;
		TRY(add(n, name[i].host, &e));
		e->due_us = now_us;
	}
	return OK;
}

void names_hurry(struct names *n, uint64_t now_us)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (n->entry[i].due_us > now_us)
			n->entry[i].due_us = now_us;
}

// When E is asked for, among others that are due: one that fails lets those that work go first, but not for ever.
static uint64_t rank(const struct entry *e)
{
	return e->due_us + (e->failures > 0 ? NAMES_BACKOFF_MAX_MS * MS : 0);
}

static struct entry *next_of(const struct names *n, uint64_t now_us)
{
	struct entry *first = NULL;
	for (uint32_t i = 0; i < n->count; i++) {
		struct entry *e = &n->entry[i];
		if (e->due_us <= now_us && (first == NULL || rank(e) < rank(first)))
			first = e;
	}
	return first;
}

const char *names_ask(struct names *n, uint32_t *request, uint64_t now_us)
{
	if (n->asked != NOBODY && now_us < n->asked_until_us)
		return NULL;
	names_unasked(n);
	struct entry *e = next_of(n, now_us);
	if (e == NULL)
		return NULL;
	e->due_us = now_us + wait_us(e);
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
	if (n->asked != NOBODY)
		failed(&n->entry[n->asked]); // it may be what the resolver died of
	n->asked = NOBODY;
}

bool names_changed(struct names *n, uint64_t now_us)
{
	if (!n->changed || now_us < n->quiet_until_us)
		return false;
	n->changed = false;
	n->quiet_until_us = now_us + NAMES_CHANGE_MS * MS;
	return true;
}

uint64_t names_deadline(const struct names *n)
{
	uint64_t next = n->changed ? n->quiet_until_us : NO_DEADLINE;
	if (n->asked != NOBODY)
		return n->asked_until_us < next ? n->asked_until_us : next;
	for (uint32_t i = 0; i < n->count; i++)
		if (n->entry[i].due_us < next)
			next = n->entry[i].due_us;
	return next;
}
