// SPDX-License-Identifier: Apache-2.0
// The names of the counters. The list in the header is the only place where they stand.
#include "net/counters.h"

#define NET_COUNTER_NAME_(id, name) [NET_##id] = name,

const char *net_counter_name(enum net_counter k)
{
	static const char *const names[NET_COUNTER_COUNT] = {NET_COUNTERS(NET_COUNTER_NAME_)};
	return (unsigned)k < NET_COUNTER_COUNT ? names[k] : "?";
}
