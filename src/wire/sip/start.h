// SPDX-License-Identifier: Apache-2.0
// Private to wire/sip: the start line.
#ifndef WIRE_SIP_START_H
#define WIRE_SIP_START_H

#include "wire/sip/sip.h"

// Note the first reason to refuse a message; later ones do not replace it. Returns E.
result fault_set(struct sip_fault *fault, enum error e, uint16_t status, const char *phrase, struct span where);

// Parse the start line at *AT (RFC3261#7.1, #7.2); *AT moves to the next line, or to the end of the buffer when the
// line has no end. E_SYNTAX, E_UNSUPPORTED (version), FAULT set.
MUST_USE result start_parse(struct sip_msg *m, uint32_t *at, struct sip_fault *fault);

#endif
