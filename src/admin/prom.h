// SPDX-License-Identifier: Apache-2.0
// The status as Prometheus text (exposition format 0.0.4).
#ifndef ADMIN_PROM_H
#define ADMIN_PROM_H

#include "base/result.h"

#include <event2/buffer.h>
#include <jansson.h>

// Append the metrics of STATUS (as status_gather makes it) to OUT. E_NO_MEMORY.
MUST_USE result prom_write(const json_t *status, struct evbuffer *out);

#endif
