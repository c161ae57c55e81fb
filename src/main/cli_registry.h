// SPDX-License-Identifier: Apache-2.0
// What the sub-commands of the registry share.
#ifndef MAIN_CLI_REGISTRY_H
#define MAIN_CLI_REGISTRY_H

#include "main/cli.h"
#include "registry/store/import.h"
#include "registry/store/store.h"

// The user's name, for the journal. Never NULL.
const char *cli_who(void);
// The database of --registry or --config. False: said why not.
bool cli_store_open(const struct cli *c, bool read_only, struct store **out);
bool cli_kind(const struct cli *c, enum row_kind *out);          // --kind; ROW_KINDS: not given
bool cli_format(const struct cli *c, enum import_format *out);   // --format
FILE *cli_open_file(const struct cli *c, const char *path, uint64_t *size); // "-" is standard input; NULL: said why not
// Tell what a change set came to, its faults on standard error. READ: rows of the file. The exit status.
int cli_report(const struct cli *c, const struct store_report *r, uint64_t read);

#endif
