// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a whole worker. The input is a list of events (test/support/flow_play.c): datagrams and streamed messages of
// peers and strangers, lawful, bent and raw, answers, waiting, faults. parse -> gates -> rewrite -> serialise -> parse again;
// nothing goes to nobody's address, nothing inside leaves, and an hour later nothing is left.
#include "../support/flow_rig.c"
#include "../support/ldr_rig.c"
#include "../support/flow_play.c"

#include "base/log.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play p; // large; made anew by play_renew

	if (size > 2048)
		return 0;
	if (!(p.rig.flow == NULL ? play_open(&p) : play_renew(&p)))
		abort();
	play_run(&p, data, size);
	play_end(&p);
	if (p.fault != NULL) {
		fprintf(stderr, "%s\n%s\n", p.fault, p.fault_text);
		abort();
	}
	return 0;
}
