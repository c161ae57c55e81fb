// SPDX-License-Identifier: Apache-2.0
// Domain names: of a number in an ENUM tree (RFC6116#3.2, RFC 5526), and out of record data (RFC1035#3.1).
#ifndef WIRE_ENUM_NAME_H
#define WIRE_ENUM_NAME_H

#include "terms/route.h"

enum { NAME_LABEL_MAX = 63, NAME_TEXT_MAX = 253 }; // [octets] RFC1035#2.3.4, as text without the final dot

// NUMBER ("+" and 1..15 digits) below APEX: "+4989" and "e164.example" give "9.8.9.4.e164.example". E_SYNTAX when it is no
// such number, E_TOO_LONG.
MUST_USE result enum_name_make(const char *number, const char *apex, char out[DOMAIN_MAX]);
// The domain name at *AT of RDATA as lower-case text; *AT moves behind it. Names in answers stand uncompressed: a pointer is
// E_SYNTAX, as is an octet that is neither letter, digit, "-" nor "_" (LUF-I1). "" is the root. E_TOO_LONG.
MUST_USE result enum_name_read(struct bytes rdata, size_t *at, char out[DOMAIN_MAX]);
// Is NAME the domain APEX or below it? Both lower case.
bool enum_name_within(const char *name, const char *apex);

#endif
