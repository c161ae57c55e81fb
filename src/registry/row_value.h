// SPDX-License-Identifier: Apache-2.0
// The values that stand in rows: which octets each kind of column may hold.
#ifndef REGISTRY_ROW_VALUE_H
#define REGISTRY_ROW_VALUE_H

#include "registry/row.h"

// Each answers NULL when VALUE may stand, else what is wrong and how to mend it (static storage).
const char *row_value_name(struct bytes value);   // [a-z0-9._-], 1..63
const char *row_value_text(struct bytes value);   // UTF-8 (RFC3629#4) without control and direction characters
const char *row_value_number(struct bytes value); // E.164 with "+"
const char *row_value_domain(struct bytes value); // LDH labels in lower case (RFC1123#2.1)
const char *row_value_hours(struct bytes value);
const char *row_value_address(struct bytes value, struct address *out); // a host to which packets can go, with its port
// Decimal, at most MOST, without sign or leading zeros; "" is 0.
const char *row_value_decimal(struct bytes value, uint32_t most, uint32_t *out);

#endif
