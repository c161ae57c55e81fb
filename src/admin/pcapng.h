// SPDX-License-Identifier: Apache-2.0
// A small writer of pcapng (draft-ietf-opsawg-pcapng): one section, one interface of raw IP packets. Each message of
// signalling becomes one UDP packet with made-up headers, whatever carried it; a comment tells the transport.
#ifndef ADMIN_PCAPNG_H
#define ADMIN_PCAPNG_H

#include "terms/ipc_admin.h"

enum {
	PCAPNG_HEAD_MAX = 128,                           // [octets] section header and interface description
	PCAPNG_PACKET_MAX = IPC_ADMIN_OCTETS_MAX + 256,  // [octets] block, IPv6 and UDP headers, comment
};

// Returns the octets written. PROGRAM is told as the writer.
uint32_t pcapng_head(const char *program, uint8_t out[PCAPNG_HEAD_MAX]);
// LEN of T is at most IPC_ADMIN_OCTETS_MAX. Returns the octets written.
uint32_t pcapng_packet(const struct ipc_admin_traced *t, uint8_t out[PCAPNG_PACKET_MAX]);

#endif
