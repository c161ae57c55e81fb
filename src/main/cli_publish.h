// SPDX-License-Identifier: Apache-2.0
// `sallyport luf publish`: what its two halves share.
#ifndef MAIN_CLI_PUBLISH_H
#define MAIN_CLI_PUBLISH_H

#include "main/cli.h"
#include "publish/publish.h"

// The key K of the configuration at CONFIG with its secret, which only its owner may read. False: said why not.
bool cli_publish_key(const struct cli *c, const char *config, const struct conf_publish_key *k, struct tsig_key *out);
// cli_publish_out.c: write zone and configurations of the name servers into the folder C->out, and say what is to be done next.
int cli_publish_out(const struct cli *c, const struct conf_publish *p, const char *domain);

#endif
