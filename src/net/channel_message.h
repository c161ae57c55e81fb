// SPDX-License-Identifier: Apache-2.0
// One message of a channel as the kernel sees it: octets and descriptors.
#ifndef NET_CHANNEL_MESSAGE_H
#define NET_CHANNEL_MESSAGE_H

#include "net/channel.h"

#include <sys/socket.h>

enum { CHANNEL_CONTROL = 64 }; // [octets] CMSG_SPACE of CHANNEL_FDS_MAX descriptors, checked in channel_message.c

// The descriptors that came with M, in FDS (CHANNEL_FDS_MAX); returns how many. Surplus ones are closed.
uint32_t channel_take_fds(struct msghdr *m, int *fds);
void channel_close_fds(const int *fds, uint32_t count);
// Is this message (N octets, received with FLAGS) whole and of KIND?
bool channel_fits(const struct channel_kind *kind, const void *message, size_t n, int flags);

#endif
