// SPDX-License-Identifier: Apache-2.0
// Names of attributes and transport protocols with a meaning here, as rows.
#ifndef WIRE_SDP_NAMES_H
#define WIRE_SDP_NAMES_H

#include "wire/sdp/sdp.h"

// The attribute named by span V of BUF; SDP_ATTR_OTHER when it has no row. Names are case-sensitive (RFC8866#5.13).
enum sdp_attr sdp_attr_of(const uint8_t *buf, uint32_t n, struct span v);
// The proto of span V, without regard to case: "udptl" and "UDPTL" are both in use.
enum sdp_proto sdp_proto_of_span(const uint8_t *buf, uint32_t n, struct span v);

#endif
