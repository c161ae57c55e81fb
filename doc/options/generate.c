// SPDX-License-Identifier: Apache-2.0
// Prints the reference of all configuration options: `conf-options markdown` or `conf-options scdoc`.
// doc/options/options.md and sallyport.yaml.5.scd are its output; a unit test compares them.
#include "conf/conf.h"

#include <string.h>

int main(int argc, char **argv)
{
	bool scdoc = argc > 1 && strcmp(argv[1], "scdoc") == 0;

	conf_options_print(stdout, scdoc ? CONF_MANUAL_SCDOC : CONF_MANUAL_MARKDOWN);
	return ferror(stdout) ? 1 : 0;
}
