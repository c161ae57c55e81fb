// SPDX-License-Identifier: Apache-2.0
// Walking the lists; private to src/flow.
#ifndef FLOW_WALK_H
#define FLOW_WALK_H

#include "flow/steps.h"

// "Every message", then the list that the message calls for. PASS when every step passed, else the verdict that ended it.
struct verdict walk_message(struct passage *p);

#endif
