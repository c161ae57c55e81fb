// SPDX-License-Identifier: Apache-2.0
// Fuzz target: files of rows, CSV and JSON. What is taken is a whole row, and is the same when it is written and read again.
#include "fuzz_sip.h"
#include "registry/store/import.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint32_t rows;
	bool again;    // the second reading
	struct row row; // the first
};

static result row_h(void *ctx, uint64_t line, const struct row *row, bool remove)
{
	struct seen *s = ctx;
	struct row_fault fault;
	must(line > 0 && row->kind >= ROW_PEER && row->kind < ROW_KINDS);
	if (remove)
		return OK;
	must(is_ok(row_check(row, &fault)));
	if (s->again)
		must(row_equal(row, &s->row));
	else if (s->rows == 0)
		s->row = *row;
	s->rows++;
	return OK;
}

static result bad_h(void *ctx, uint64_t line, enum row_kind kind, const struct row_fault *fault)
{
	struct seen *s = ctx;
	must(!s->again && kind <= ROW_KINDS && line > 0 && strlen(fault->text) > 0 && strlen(fault->text) < ROW_REASON_MAX);
	return OK;
}

static void read_again(struct seen *s, bool csv)
{
	const struct import_sink sink = {s, row_h, bad_h, NULL};
	struct row_fault fault;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	must(f != NULL && (csv ? export_csv_header(f, (enum row_kind)s->row.kind) && export_csv(f, &s->row) : export_json(f, &s->row)));
	fclose(f);
	f = fmemopen(text, n, "r");
	s->again = true;
	must(is_ok(import_read(f, IMPORT_DETECT, ROW_KINDS, &sink, &fault)));
	fclose(f);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seen s;
	const struct import_sink sink = {&s, row_h, bad_h, NULL};
	struct row_fault fault;
	if (size < 2 || size > 32768)
		return 0;
	memset(&s, 0, sizeof(s));
	FILE *f = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r");
	must(f != NULL);
	result r = import_read(f, (enum import_format)(data[0] % 3), data[0] & 128 ? ROW_RANGE : ROW_KINDS, &sink, &fault);
	fclose(f);
	must(is_ok(r) || (r.error == E_SYNTAX && fault.text[0] != '\0'));
	if (s.rows > 0) {
		read_again(&s, false);
		read_again(&s, true);
	}
	return 0;
}
