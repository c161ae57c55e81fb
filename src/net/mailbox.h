// SPDX-License-Identifier: Apache-2.0
// Mailbox: messages from other threads of this process to one thread.
//
// A liburcu wait-free queue. Posting never waits; the receiver is woken by an eventfd only when it has said
// that it goes to sleep, so a busy worker costs its senders no system call. Bounded: beyond MAX the sender
// keeps its message and hears E_FULL.
#ifndef NET_MAILBOX_H
#define NET_MAILBOX_H

#include "base/result.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <urcu/wfcqueue.h>

enum {
	MAILBOX_MAX = 65536, // messages waiting for one worker: 0.2 s at 300 000 a second; more is overload
	MAILBOX_BATCH = 256, // delivered in one turn, so that sockets and timers are not starved
};

struct mail;
// Take M over on the receiving thread; CTX is the receiver's. The handler frees what holds M.
typedef void (*mail_h)(struct mail *m, void *ctx);

struct mail { // embedded at the beginning of a message
	struct cds_wfcq_node node;
	mail_h deliver;
};

struct mailbox {
	alignas(64) struct cds_wfcq_tail tail; // written by senders
	_Atomic uint32_t count;
	alignas(64) struct __cds_wfcq_head head; // written by the receiver
	_Atomic bool sleeping;
	uint32_t max;
	int wake_fd; // eventfd, readable when woken
};

// Make an empty mailbox for at most MAX messages, 1..MAILBOX_MAX. E_SYSTEM when no eventfd is to be had.
MUST_USE result mailbox_init(struct mailbox *mb, uint32_t max);
// Close the eventfd. What is still waiting must have been drained.
void mailbox_end(struct mailbox *mb);

// Any thread: hand M over, to be given to its `deliver`. E_FULL: M stays with the caller. *WOKE tells
// whether the receiver had to be woken; may be NULL.
MUST_USE result mailbox_post(struct mailbox *mb, struct mail *m, bool *woke);

// Any thread: wake the receiver without a message.
void mailbox_ring(struct mailbox *mb);

// Receiver: deliver up to MAX messages; returns how many.
uint32_t mailbox_drain(struct mailbox *mb, uint32_t max, void *ctx);
// Receiver: about to sleep. False when there is something to deliver first. After true, senders wake.
bool mailbox_sleep(struct mailbox *mb);
// Receiver: awake again; senders need not wake.
void mailbox_awake(struct mailbox *mb);
// Receiver: clear the eventfd after it became readable.
void mailbox_clear(struct mailbox *mb);

#endif
