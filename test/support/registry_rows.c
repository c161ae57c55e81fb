// SPDX-License-Identifier: Apache-2.0
// Changes a registry's database as a command does: registry-rows URI put|delete ROW..., each "KIND column=value ..." (ldr_rig.h). All of
// it is one change set. For tests of what follows the database.
#include "ldr_rig.h"
#include "registry/store/store.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct store *s;
	struct store_error why = {""};
	struct store_report report = {0};
	struct row row;
	bool del = argc > 2 && strcmp(argv[2], "delete") == 0;

	result r = argc > 3 ? store_open(&s, argv[1], false, &why) : FAIL(E_MISSING);
	if (is_ok(r))
		r = store_begin(s, "test", "test", &why);
	for (int i = 3; is_ok(r) && i < argc; i++) {
		if (!ldr_rig_row(argv[i], &row))
			r = FAIL(E_SYNTAX);
		else
			r = del ? store_delete(s, (uint64_t)i, &row, &why) : store_put(s, (uint64_t)i, &row, &why);
	}
	if (is_ok(r))
		r = store_commit(s, STORE_ALL_OR_NOTHING, &report, &why);
	if (!is_ok(r) || !report.applied) {
		fprintf(stderr, "registry-rows: %s: %s %s\n", error_name(r.error), why.text, report.told > 0 ? report.fault[0].fault.text : "");
		return 1;
	}
	printf("%llu\n", (unsigned long long)report.change_set);
	store_report_free(&report);
	store_close(s);
	return 0;
}
