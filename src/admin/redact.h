// SPDX-License-Identifier: Apache-2.0
// Secrets of traced messages are overwritten with 'x', octet for octet, before anyone sees them (BE-3): SDES keys
// (RFC4568#9.2), k= lines and key management (RFC 4566, RFC 4567), digests (RFC3261#22), signed identity (RFC 8224).
#ifndef ADMIN_REDACT_H
#define ADMIN_REDACT_H

#include <stdint.h>

// Redact in the N octets at AT. Every line counts, of head and body alike, so that a message within a message hides
// nothing. Returns how many values were overwritten.
uint32_t redact_message(uint8_t *at, uint32_t n);

#endif
