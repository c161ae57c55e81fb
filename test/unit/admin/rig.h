// SPDX-License-Identifier: Apache-2.0
// An admin in the test's own process: real sockets in a temporary folder, a fake signaller and monitor, a clock that can
// be moved.
#ifndef UNIT_ADMIN_RIG_H
#define UNIT_ADMIN_RIG_H

#include "unit.h"

#include "admin/admin.h"
#include "base/memory.h"
#include "terms/ipc_admin.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"

struct rig {
	char folder[64], socket[96], path[128];
	struct event_base *base;
	struct admin *admin;
	struct snapshot *snapshot;
	int signaller;       // our end
	int channel;         // the other end, the admin's
	struct event *signaller_event;
	uint16_t metrics_port;
	// what the fake signaller saw and does
	uint32_t questions[IPC_ADMIN_TYPES];
	struct ipc_admin *last; // the last question
	struct ipc_admin *out;
	bool mute;           // answers nothing
	uint32_t acked, states;
	uint8_t state;
	enum error hangup, explain, calls_end;
	struct ipc_control monitor_last;
	bool journal_fails;
	char *answer;        // of the last request; whole HTTP response
	size_t answer_len;
};

extern uint64_t rig_offset_us; // added to the clock

int rig_setup(void **state);
int rig_teardown(void **state);
// Turn the loop until nothing happens for MS.
void rig_turn(struct rig *r, int ms);
// As after `kill -9`: a new admin on the same folder and channel; what the old one had not written is gone.
void rig_restart(struct rig *r);
// A connected client, by Unix socket.
int rig_connect(struct rig *r);
// Send REQUEST and turn until the far side closes; the answer is in r->answer.
const char *rig_ask(struct rig *r, const char *request);
const char *rig_exchange(struct rig *r, int fd, const char *request, size_t len);
// The body of the last answer as JSON; the caller owns it.
json_t *rig_json(struct rig *r);
int rig_status(const struct rig *r);
void rig_send(struct rig *r, enum ipc_admin_type type, uint32_t request, size_t used);
void rig_record(struct rig *r, uint32_t number, const char *call_id);
char *rig_file(struct rig *r, const char *name, char *out, size_t room);

#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

#endif
