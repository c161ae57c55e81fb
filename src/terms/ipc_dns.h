// SPDX-License-Identifier: Apache-2.0
// Every message between directory (asks) and resolver (answers), over one sequenced-packet socket. Native byte order (same
// host, same build: `version` says so). A question is IPC_DNS_QUESTION_SIZE octets; an answer is cut behind the octets it uses.
#ifndef TERMS_IPC_DNS_H
#define TERMS_IPC_DNS_H

#include "terms/dns.h"

#include <stddef.h>

enum { IPC_DNS_VERSION = 1, IPC_DNS_ASK = 1, IPC_DNS_ANSWER = 2 };

struct ipc_dns {
	uint16_t version, type;
	uint32_t request;     // chosen by the directory, echoed
	uint32_t deadline_ms; // ASK: an answer is wanted within this time, 1..10000
	uint32_t reserved;
	union {
		struct dns_question question;
		struct dns_answer answer;
	} u;
};

#define IPC_DNS_QUESTION_SIZE (offsetof(struct ipc_dns, u) + sizeof(struct dns_question))
#define IPC_DNS_ANSWER_HEAD (offsetof(struct ipc_dns, u) + offsetof(struct dns_answer, octets))

#endif
