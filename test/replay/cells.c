// SPDX-License-Identifier: Apache-2.0
// The cells of the tables, for check_cells.py: all of them, and those of the call table that a scenario ran through.
//
// The linker leads every call of call_event() here first (--wrap), so that the product knows nothing of it.
#include "cells.h"

#include "sf/inside.h"

#include <stdio.h>

void __real_call_event(struct sf_call *c, enum call_event_id id, struct call_event *e);
void __wrap_call_event(struct sf_call *c, enum call_event_id id, struct call_event *e);

static bool visited[SF_CALL_STATES][CALL_EVENTS];

void __wrap_call_event(struct sf_call *c, enum call_event_id id, struct call_event *e)
{
	if (c->state < SF_CALL_STATES && (unsigned)id < CALL_EVENTS)
		visited[c->state][id] = true;
	__real_call_event(c, id, e);
}

static void transaction_cell(
	const char *machine, const char *state, const char *event, const char *handler, void *ctx)
{
	(void)ctx;
	if (strcmp(handler, "sf_tx_impossible") != 0)
		printf("%s\t%s\t%s\n", machine, state, event);
}

static void call_cell(const char *state, const char *event, const char *handler, void *ctx)
{
	(void)ctx;
	if (strcmp(handler, "call_impossible_h") != 0)
		printf("call\t%s\t%s\n", state, event);
}

void cells_print(void)
{
	sf_tx_describe(transaction_cell, NULL);
	sf_call_describe(call_cell, NULL);
}

static void visited_cell(const char *state, const char *event, const char *handler, void *ctx)
{
	uint32_t *n = ctx, at = (*n)++;

	(void)handler;
	if (visited[at / CALL_EVENTS][at % CALL_EVENTS])
		printf("call\t%s\t%s\n", state, event);
}

void cells_print_visited(void)
{
	uint32_t n = 0;

	sf_call_describe(visited_cell, &n);
}
