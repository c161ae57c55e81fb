// SPDX-License-Identifier: Apache-2.0
// Fuzz target: rows from text, as they come out of a file or out of the database. The first octet chooses the kind, the rest is its
// columns parted by tabs. What is taken is given back, and taken again; what is not taken leaves the row as it was.
#include "fuzz_sip.h"

#include "registry/store/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void column_try(struct row *row, uint32_t i, struct bytes text)
{
	struct row before = *row, again = {.kind = row->kind};
	struct row_fault fault = {""};
	char out[ROW_TEXT_MAX], second[ROW_TEXT_MAX];

	if (!is_ok(row_set_at(row, i, text, &fault))) {
		must(row_equal(row, &before) && fault.text[0] != '\0' && strlen(fault.text) < ROW_REASON_MAX);
		must(row_text_ok(bytes_of_string(fault.text)));
		return;
	}
	row_get(row, i, out);
	must(row_text_ok(bytes_of_string(out)) && memchr(out, '\t', strlen(out)) == NULL);
	must(is_ok(row_set_at(&again, i, bytes_of_string(out), &fault)));
	row_get(&again, i, second);
	must(strcmp(out, second) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct row row = {0};
	struct row_fault fault;
	struct row_hours hours;
	struct store_error why;
	size_t from = 1;
	uint32_t i = 0;

	if (size < 1)
		return 0;
	row.kind = data[0] % (ROW_KINDS + 1);
	for (size_t at = 1; at <= size; at++) {
		if (at < size && data[at] != '\t')
			continue;
		column_try(&row, i++, bytes_make(data + from, at - from));
		from = at + 1;
	}
	if (is_ok(row_check(&row, &fault)))
		must(row_equal(&row, &row) && row_same_key(&row, &row));
	row = (struct row){.kind = data[0] % (ROW_KINDS + 1)}; // as the journal stores it
	uint32_t count = store_column_count((enum row_kind)row.kind);
	if (count > 0 && is_ok(store_text_row(&row, bytes_make(data + 1, size - 1), 0, count, &why)))
		must(is_ok(row_check(&row, &fault)));
	if (is_ok(row_hours_parse(bytes_make(data, size), &hours)))
		must(row_hours_hold(&hours, 0) || hours.days != 0);
	return 0;
}
