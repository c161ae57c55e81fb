// SPDX-License-Identifier: Apache-2.0
// Rows of the signaller and the snapshot as JSON: what the API answers and what call records hold.
#ifndef ADMIN_VIEW_H
#define ADMIN_VIEW_H

#include "registry/snapshot.h"
#include "terms/ipc_admin.h"

#include <jansson.h>

struct view_steps { // the lists of gates, told by who knows them
	uint32_t count;
	const char *(*name)(uint32_t step);
	const char *(*threats)(uint32_t step);
	uint8_t (*control)(uint32_t step); // enum control that waives or shadows it; CONTROL_COUNT and above: none
};

enum {
	VIEW_ROW_MAX = 8192,     // [octets] a call, a mark or a stream as text, each octet of a stranger escaped
	VIEW_RECORD_MAX = 65536, // a record with all its streams and marks, likewise
};

enum view_control { VIEW_ENFORCED, VIEW_SHADOWED, VIEW_WAIVED, VIEW_EXPIRED, VIEW_LACKING, VIEW_NOT_APPLICABLE };

// All return NULL when memory is out, and only then; the caller owns the value.
json_t *view_call(const struct snapshot *s, const struct ipc_admin_call *c);
json_t *view_mark(const struct ipc_admin_mark *m);
json_t *view_stream(const struct ipc_admin_stream *t);
json_t *view_record(const struct snapshot *s, const struct view_steps *steps, const struct ipc_admin_record *r);
// LIVE may be NULL: the counters are then absent.
json_t *view_peer(const struct snapshot *s, peer_id id, const struct ipc_admin_peer *live, const struct view_steps *steps,
	uint64_t wall_ms);
json_t *view_address(const struct address *a);
// A line of the file of records, without its newline: gates that were passed are one text, `gates_passed`; `gates` holds the
// others. False: it does not fit, which no record of ours reaches.
bool view_record_line(const struct snapshot *s, const struct view_steps *steps, const struct ipc_admin_record *r,
	char out[VIEW_RECORD_MAX]);
// How control C of P stands at WALL_MS; CORE: P is in a core zone.
enum view_control view_control_state(const struct peer *p, bool core, enum control c, uint64_t wall_ms);
// The name of peer ID; "" for none.
const char *view_peer_name(const struct snapshot *s, peer_id id);

#endif
