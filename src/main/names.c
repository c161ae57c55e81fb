// SPDX-License-Identifier: Apache-2.0
// A plain array: a few hundred names.
#include "main/names.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

enum { GROW = 64 };

struct entry {
	struct locate_want want;
	struct names_found found; // the last that was good
	bool answered;
	uint8_t verdict, stale; // of the last answer
	uint64_t due_us;
	uint32_t request;       // the question under way; 0: none
	uint64_t asked_until_us;
	char story[IPC_CONTROL_STORY_MAX];
	uint32_t failures; // questions in a row that brought nothing
};

struct names {
	struct entry *entry;
	uint32_t count, room;
	uint32_t number;
	bool changed;
	uint64_t quiet_until_us; // the next change is told then at the earliest
};

result names_new(struct names **out)
{
	*out = memory_alloc(sizeof(**out));
	return *out != NULL ? OK : FAIL(E_NO_MEMORY);
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
	n->number += n->number == UINT32_MAX ? 2 : 1; // 0 is no question
	return n->number;
}

static bool same_want(const struct locate_want *a, const struct locate_want *b)
{
	return a->port == b->port && a->transport == b->transport && a->transport_fixed == b->transport_fixed && a->sips == b->sips &&
	       a->transports == b->transports && a->families == b->families && strcmp(a->domain, b->domain) == 0;
}

static struct entry *find(const struct names *n, const struct locate_want *want)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (same_want(&n->entry[i].want, want))
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

static result add(struct names *n, const struct locate_want *want, struct entry **out)
{
	REQUIRE(strnlen(want->domain, DOMAIN_MAX) < DOMAIN_MAX, E_TOO_LONG);
	if (n->count == n->room)
		TRY(grow(n));
	*out = &n->entry[n->count++];
	memset(*out, 0, sizeof(**out));
	(*out)->want = *want;
	return OK;
}

void names_get(const struct names *n, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count)
{
	const struct entry *e = find(n, want);
	*count = e == NULL ? 0 : e->found.count < room ? e->found.count : room;
	if (*count > 0)
		memcpy(out, e->found.way, *count * sizeof(*out));
}

static bool same_way(const struct way *a, const struct way *b)
{
	return a->transport == b->transport && a->origin == b->origin && a->priority == b->priority && a->weight == b->weight &&
	       address_equal(&a->address, &b->address);
}

// Servers turn the order of addresses with each answer: the same set is no change.
static bool same_set(const struct names_found *a, const struct names_found *b)
{
	uint32_t found = 0;
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t k = 0; k < b->count; k++)
			found += same_way(&b->way[k], &a->way[i]);
	return a->count == b->count && found == a->count;
}

static uint64_t lives_us(const struct names_found *f)
{
	uint64_t ms = (uint64_t)f->ttl_s * 1000;
	return (ms < NAMES_REFRESH_MS ? NAMES_REFRESH_MS : ms > NAMES_REFRESH_MAX_MS ? NAMES_REFRESH_MAX_MS : ms) * MS;
}

// Until the next question: a name that goes on failing is asked for ever less often.
static uint64_t wait_us(const struct entry *e)
{
	uint64_t wait = NAMES_RETRY_MS;
	if (e->failures == 0)
		return e->found.count > 0 ? lives_us(&e->found) : NAMES_RETRY_MS * MS;
	for (uint32_t i = 1; i < e->failures && wait < NAMES_BACKOFF_MAX_MS; i++)
		wait *= 2;
	return (wait < NAMES_BACKOFF_MAX_MS ? wait : NAMES_BACKOFF_MAX_MS) * MS;
}

static void failed(struct entry *e)
{
	e->failures += e->failures < UINT32_MAX;
}

static void put(struct entry *e, struct names_found found, uint64_t now_us, bool *changed)
{
	if (found.count > WAYS_MAX)
		found.count = WAYS_MAX;
	e->answered = true;
	if (found.count == 0)
		failed(e);
	else
		e->failures = 0;
	e->due_us = now_us + (found.count > 0 ? lives_us(&found) : wait_us(e));
	if (found.count == 0)
		return;
	*changed |= !same_set(&e->found, &found);
	uint32_t ttl_s = found.ttl_s;
	if (!same_set(&e->found, &found))
		e->found = found;
	e->found.ttl_s = ttl_s; // the order stays as it was
}

result names_put(struct names *n, const struct locate_want *want, const struct names_found *found, uint64_t now_us, bool *news)
{
	struct entry *e = find(n, want);
	if (e == NULL)
		TRY(add(n, want, &e));
	bool other = !e->answered || e->verdict != found->verdict || e->stale != found->stale;
	e->verdict = found->verdict;
	e->stale = found->stale;
	if (news != NULL)
		*news = other;
	put(e, *found, now_us, &n->changed);
	return OK;
}

void names_tell(struct names *n, const struct locate_want *want, const char *story)
{
	struct entry *e = find(n, want);
	if (e != NULL)
		snprintf(e->story, sizeof(e->story), "%s", story);
}

const char *names_story(const struct names *n, const struct locate_want *want)
{
	const struct entry *e = find(n, want);
	return e != NULL ? e->story : "";
}

bool names_knows(const struct names *n, const struct locate_want *want)
{
	return find(n, want) != NULL;
}

bool names_lacking(const struct names *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (!n->entry[i].answered)
			return true;
	return false;
}

static bool listed(const struct locate_want *want, const struct conf_name *name, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (same_want(&name[i].want, want))
			return true;
	return false;
}

result names_keep(struct names *n, const struct conf_name *name, uint32_t count, uint64_t now_us)
{
	uint32_t kept = 0;
	struct entry *e;
	for (uint32_t i = 0; i < n->count; i++)
		if (listed(&n->entry[i].want, name, count))
			n->entry[kept++] = n->entry[i];
	n->count = kept;
	for (uint32_t i = 0; i < count; i++) {
		if (name[i].want.domain[0] == '\0' || find(n, &name[i].want) != NULL)
			continue;
		TRY(add(n, &name[i].want, &e));
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
		if (e->request == 0 && e->due_us <= now_us && (first == NULL || rank(e) < rank(first)))
			first = e;
	}
	return first;
}

// Answers that were lost: their questions are over.
static uint32_t under_way(struct names *n, uint64_t now_us)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < n->count; i++) {
		struct entry *e = &n->entry[i];
		if (e->request != 0 && now_us >= e->asked_until_us) {
			e->request = 0;
			failed(e);
		}
		count += e->request != 0;
	}
	return count;
}

const struct locate_want *names_ask(struct names *n, uint32_t *request, uint64_t now_us)
{
	struct entry *e = under_way(n, now_us) < NAMES_UNDER_WAY_MAX ? next_of(n, now_us) : NULL;
	if (e == NULL)
		return NULL;
	e->due_us = now_us + wait_us(e);
	e->asked_until_us = now_us + NAMES_ANSWER_MS * MS;
	*request = e->request = names_number(n);
	return &e->want;
}

const struct locate_want *names_answered(struct names *n, uint32_t request)
{
	for (uint32_t i = 0; request != 0 && i < n->count; i++)
		if (n->entry[i].request == request) {
			n->entry[i].request = 0;
			return &n->entry[i].want;
		}
	return NULL;
}

void names_unasked(struct names *n)
{
	for (uint32_t i = 0; i < n->count; i++) {
		if (n->entry[i].request != 0)
			failed(&n->entry[i]); // it may be what the resolver died of
		n->entry[i].request = 0;
	}
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
	uint64_t next = n->changed ? n->quiet_until_us : NO_DEADLINE, due = NO_DEADLINE;
	uint32_t asked = 0;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct entry *e = &n->entry[i];
		asked += e->request != 0;
		if (e->request != 0 && e->asked_until_us < next)
			next = e->asked_until_us;
		if (e->request == 0 && e->due_us < due)
			due = e->due_us;
	}
	return asked < NAMES_UNDER_WAY_MAX && due < next ? due : next;
}
