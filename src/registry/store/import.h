// SPDX-License-Identifier: Apache-2.0
// Files of rows: CSV (RFC 4180, one row a line) and JSON (an array of objects, or one object after the other).
//
// Read as a stream: ten million rows never stand in memory. Each row is checked by itself; what is wrong with one is told with its
// line, and reading goes on, so that one look finds all faults. What the rows do to each other is the change set's matter.
#ifndef REGISTRY_STORE_IMPORT_H
#define REGISTRY_STORE_IMPORT_H

#include "registry/row.h"

#include <stdio.h>

enum {
	IMPORT_LINE_MAX = 16 * 1024, // [octets] of a line of CSV, or of one object: a row has 1 KiB at the most
	IMPORT_CELLS_MAX = 24,       // of one line: every column of every kind
};

enum import_format { IMPORT_DETECT, IMPORT_CSV, IMPORT_JSON };

struct import_sink {
	void *ctx;
	// A good row; REMOVE: its key is to be deleted. Not OK ends the reading with that error.
	result (*row)(void *ctx, uint64_t line, const struct row *row, bool remove);
	// One that is not. KIND is ROW_KINDS when not even that is known. Not OK ends the reading.
	result (*bad)(void *ctx, uint64_t line, enum row_kind kind, const struct row_fault *fault);
	void (*progress)(void *ctx, uint64_t octets); // now and then; may be NULL
};

// Read FROM. KIND: of all rows where no column names it; ROW_KINDS: each names its own. E_SYNTAX: the file as a whole is none
// (FAULT tells: UTF-16, no header, nothing in it); else what SINK returned. Rows before a fault have been handed over: it is the
// sink's to drop them.
MUST_USE result import_read(FILE *from, enum import_format format, enum row_kind kind, const struct import_sink *sink,
	struct row_fault *fault);

// Write ROW as one JSON object and a line end, or as a line of CSV. The header line of CSV for KIND. False: the disk is full.
bool export_json(FILE *to, const struct row *row);
bool export_csv(FILE *to, const struct row *row);
bool export_csv_header(FILE *to, enum row_kind kind);

#endif
