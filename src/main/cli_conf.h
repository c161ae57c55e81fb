// SPDX-License-Identifier: Apache-2.0
// The configuration as sub-commands read it, without a running system.
#ifndef MAIN_CLI_CONF_H
#define MAIN_CLI_CONF_H

#include "conf/conf.h"
#include "main/cli.h"

// Load PATH into OUT, names unresolved; the caller frees it. A file that cannot be read is said. Errors of conf_load().
MUST_USE result cli_conf_load(const struct cli *c, const char *path, struct conf_result *out);

#endif
