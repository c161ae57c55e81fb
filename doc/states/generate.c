// SPDX-License-Identifier: Apache-2.0
// Prints the state machines as pictures, from the tables that run: one grid per machine, events down, states across.
// doc/states.md is its output; test doc-states compares them.
#include "sf/call.h"
#include "sf/transaction.h"

#include <stdio.h>
#include <string.h>

enum { GRID_MAX = 32 }; // states or events of one machine; the largest has 15 events

struct grid { // one machine while it is gathered; texts are static
	const char *machine;
	uint32_t states, events;
	const char *state[GRID_MAX], *event[GRID_MAX], *handler[GRID_MAX][GRID_MAX];
};

static uint32_t place(const char *names[GRID_MAX], uint32_t *count, const char *name)
{
	for (uint32_t i = 0; i < *count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	if (*count == GRID_MAX)
		return GRID_MAX - 1;
	names[*count] = name;
	return (*count)++;
}

// A handler as it reads best: call_bye_early_h -> bye early. Impossible cells are a dot.
static void print_handler(const char *h)
{
	if (h == NULL || strstr(h, "impossible") != NULL) {
		printf(" ·");
		return;
	}
	const char *prefixes[] = {"sf_tx_", "call_"};
	for (uint32_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strncmp(h, prefixes[i], strlen(prefixes[i])) == 0)
			h += strlen(prefixes[i]);
	size_t n = strlen(h);
	if (n > 2 && strcmp(h + n - 2, "_h") == 0)
		n -= 2;
	printf(" ");
	for (size_t i = 0; i < n; i++)
		putchar(h[i] == '_' ? ' ' : h[i]);
}

static void print_grid(const struct grid *g)
{
	if (g->machine == NULL)
		return;
	printf("\n## %s\n\n| event |", g->machine);
	for (uint32_t s = 0; s < g->states; s++)
		printf(" %s |", g->state[s]);
	printf("\n|---|");
	for (uint32_t s = 0; s < g->states; s++)
		printf("---|");
	for (uint32_t e = 0; e < g->events; e++) {
		printf("\n| %s |", g->event[e]);
		for (uint32_t s = 0; s < g->states; s++) {
			print_handler(g->handler[s][e]);
			printf(" |");
		}
	}
	printf("\n");
}

static void gather(const char *machine, const char *state, const char *event, const char *handler, void *ctx)
{
	struct grid *g = ctx;

	if (g->machine == NULL || strcmp(g->machine, machine) != 0) {
		print_grid(g);
		*g = (struct grid){.machine = machine};
	}
	uint32_t s = place(g->state, &g->states, state), e = place(g->event, &g->events, event);
	g->handler[s][e] = handler;
}

static void gather_call(const char *state, const char *event, const char *handler, void *ctx)
{
	gather("Call", state, event, handler, ctx);
}

int main(void)
{
	struct grid g = {0};

	printf("# State machines\n\n"
	       "Made from the tables of `src/sf/transaction.c` and `src/sf/call_table.c`; do not edit.\n\n"
	       "States stand across, events down; a cell names the handler that runs. A dot is what cannot be: it runs the\n"
	       "always-fail handler, which raises the alarm impossible-event and ends the transaction or call.\n");
	sf_tx_describe(gather, &g);
	sf_call_describe(gather_call, &g);
	print_grid(&g);
	return ferror(stdout) ? 1 : 0;
}
