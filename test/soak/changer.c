// SPDX-License-Identifier: Apache-2.0
// Changes a registry's database row by row, each a change set of its own, as fast as it takes them:
//
//     soak-changer URI COUNT
//
// Change N gives range +4989NNNNNN, which is b's and leads to b, to c. The last line tells how many and in what time.
#include "base/clock.h"
#include "registry/store/store.h"

#include <stdio.h>
#include <stdlib.h>

static result change(struct store *s, unsigned n, struct store_error *why)
{
	struct store_report report;
	struct row row = {.kind = ROW_RANGE};
	snprintf(row.u.range.prefix, sizeof(row.u.range.prefix), "+4989%06u", n);
	snprintf(row.u.range.owner, sizeof(row.u.range.owner), "b");
	snprintf(row.u.range.to, sizeof(row.u.range.to), "c");
	TRY(store_begin(s, "soak", "single row", why));
	TRY(store_put(s, 1, &row, why));
	TRY(store_commit(s, STORE_ALL_OR_NOTHING, &report, why));
	bool applied = report.applied;
	store_report_free(&report);
	return applied ? OK : FAIL(E_POLICY);
}

int main(int argc, char **argv)
{
	struct store *s;
	struct store_error why = {""};
	unsigned count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0, done = 0;
	if (count == 0 || count > 1000000) {
		fprintf(stderr, "usage: soak-changer URI COUNT, of 1000000 at the most\n");
		return 2;
	}
	result r = store_open(&s, argv[1], false, &why);
	uint64_t begin_us = clock_now().mono_us;
	while (is_ok(r) && done < count) {
		r = change(s, done, &why);
		done += is_ok(r);
	}
	if (!is_ok(r))
		fprintf(stderr, "change %u: %s: %s\n", done, error_name(r.error), why.text);
	printf("changes=%u seconds=%.3f\n", done, (double)(clock_now().mono_us - begin_us) / 1e6);
	store_close(s);
	return is_ok(r) ? 0 : 1;
}
