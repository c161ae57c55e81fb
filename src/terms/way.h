// SPDX-License-Identifier: Apache-2.0
// Where a name leads to: one next hop out of DNS, as resolver, monitor and configuration hand it on; data only.
#ifndef TERMS_WAY_H
#define TERMS_WAY_H

#include "terms/route.h"

enum { WAYS_MAX = ROUTE_TARGETS_MAX };

struct way {
	uint8_t transport;         // enum transport
	uint8_t origin;            // enum hop_origin
	uint16_t priority, weight; // RFC 2782
	struct address address;    // with port
};

#endif
