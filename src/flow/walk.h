// SPDX-License-Identifier: Apache-2.0
// Walking the lists; private to src/flow.
#ifndef FLOW_WALK_H
#define FLOW_WALK_H

#include "flow/steps.h"

// Walk one list. PASS when every step passed, else the verdict of the step that ended it.
struct verdict walk_list(struct passage *p, const struct step_list *list);
// "Every message", then the list that the message calls for.
struct verdict walk_message(struct passage *p);

#endif
