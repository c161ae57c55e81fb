// SPDX-License-Identifier: Apache-2.0
// The report of a change set: every fault is counted, the first STORE_FAULTS_MAX are told.
#include "registry/store/inside.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

result store_report_fault(struct store_report *r, uint64_t number, const char *format, ...)
{
	va_list args;

	r->faults++;
	if (r->told == STORE_FAULTS_MAX)
		return OK;
	if (r->fault == NULL)
		r->fault = memory_array(STORE_FAULTS_MAX, sizeof(*r->fault));
	REQUIRE(r->fault != NULL, E_NO_MEMORY);
	struct store_fault *f = &r->fault[r->told++];
	f->number = number;
	va_start(args, format);
	vsnprintf(f->fault.text, sizeof(f->fault.text), format, args);
	va_end(args);
	return OK;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = ((const struct store_fault *)a)->number, y = ((const struct store_fault *)b)->number;

	return x < y ? -1 : x > y;
}

void store_report_sort(struct store_report *r)
{
	if (r->told > 1)
		qsort(r->fault, r->told, sizeof(*r->fault), by_number);
}

void store_report_free(struct store_report *r)
{
	memory_free(r->fault);
	*r = (struct store_report){0};
}
