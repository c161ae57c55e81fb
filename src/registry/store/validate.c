// SPDX-License-Identifier: Apache-2.0
// What a change set must not do: name a row twice, delete what is not there, leave a reference to nothing, take a name that
// means two things, cost more than the ceiling (LRF-I4), hold numbers within another's range (LUF-I3: overlap.c).
//
// Each check is one statement that marks staged rows as bad, over the tables as they will be, without what is already bad. A mark
// is the pass times MARKS plus the check, so that what is new can be told apart and told to people.
#include "registry/store/inside.h"

enum { MARKS = 64, OVERLAP_MARK = MARKS - 1, PASSES_MAX = 64 };

enum condition { ON_PUT = 1, ON_DELETE = 2, ON_MORE = 4, ON_UNDO = 8 };

struct check {
	uint8_t kind;   // 0: of every kind
	uint8_t when;   // enum condition
	uint8_t gate;   // that switches it off; STORE_GATES: none
	const char *arg;   // @1
	const char *where; // of the staged row s
	const char *show;  // what the fault shows
	const char *fault; // "%s" is SHOW
};

#define PUT "s.op = 1 AND s.bad = 0 AND "
#define DELETED "s.op = 2 AND s.bad = 0 AND "
// Will there be a row n of TABLE with COND? One that stands and is neither put nor deleted (SAME: keys of x and n are equal), or one
// that is put. Two questions, each by an index, however large the tables are.
#define STANDS(table, same) "NOT EXISTS (SELECT 1 FROM stage_" table " x WHERE " same " AND x.bad = 0)"
#define NOW(table, same, cond)                                                                               \
	"(EXISTS (SELECT 1 FROM \"" table "\" n WHERE " cond " AND " STANDS(table, same) ") OR "             \
	"EXISTS (SELECT 1 FROM stage_" table " n WHERE n.op = 1 AND n.bad = 0 AND " cond "))"
#define SAME_NAME "x.name = n.name"
#define SAME_ROUTE "x.\"group\" = n.\"group\" AND x.peer = n.peer AND x.hours = n.hours"
#define SAME_RANGE "x.prefix = n.prefix AND x.exact = n.exact"
#define SAME_DOMAIN "x.domain = n.domain"
#define SAME_SED "x.peer = n.peer AND x.transport = n.transport AND x.address = n.address"
#define IS_PEER(name) NOW("peer", SAME_NAME, "n.name = " name)
#define IS_GROUP(name) NOW("group", SAME_NAME, "n.name = " name)
// Puts that refer to nothing: each name is looked up once.
#define MISSING(is) PUT "s.\"@1\" IN (SELECT w.x FROM (SELECT DISTINCT \"@1\" AS x FROM @S WHERE op = 1 AND bad = 0) w WHERE " is ")"
#define NO_PEER MISSING("NOT " IS_PEER("w.x"))
#define NO_GROUP MISSING("NOT " IS_GROUP("w.x"))
#define NO_TARGET MISSING("NOT " IS_PEER("w.x") " AND NOT " IS_GROUP("w.x"))
// Deletions of what is still referred to. A range or domain that goes to its owner is found by its owner; the index of targets
// leaves it out (WHERE to <> owner).
#define USED_IF(table, same, column, cond)                                                                   \
	DELETED "(EXISTS (SELECT 1 FROM \"" table "\" n WHERE n.\"" column "\" = s.name AND " cond STANDS(table, same) ") OR "      \
	"s.name IN (SELECT n.\"" column "\" FROM stage_" table " n WHERE " cond "n.op = 1 AND n.bad = 0))"
#define USED(table, same, column) USED_IF(table, same, column, "")
#define USED_TARGET(table, same)                                                                             \
	USED_IF(table, same, "to", "n.\"to\" <> n.owner AND ") " AND NOT " IS_PEER("s.name") " AND NOT " IS_GROUP("s.name")
#define PEER_FAULT "@1: \"%s\" is no peer here; add the peer first, or correct the name"
#define TARGET_FAULT "to: \"%s\" is neither a peer nor a group here; add it first, or correct the name"
#define USED_FAULT(what) "name: \"%s\" is still used by a " what "; change or delete that first"
#define REF STORE_GATE_REFERENCE
#define ANY STORE_GATES

static const struct check checks[] = {
	{0, ON_MORE, ANY, "", "s.bad = 0 AND s.seq IN (SELECT o.seq FROM (SELECT @k(-), min(seq) AS first FROM @S GROUP BY @k(-) "
		"HAVING count(*) > 1) d CROSS JOIN @S o WHERE @e(od) AND o.seq > d.first)", "@x(s)",
		"\"%s\" stands twice in this change; keep one"},
	{0, ON_UNDO, ANY, "", "s.bad = 0 AND (SELECT j.after_text FROM journal j WHERE j.entry = s.number) IS DISTINCT FROM "
		"(SELECT @y(t) FROM @T t WHERE @e(st))", "@x(s)", "\"%s\" was changed again later; undo that first"},
	{0, ON_DELETE, ANY, "", DELETED "NOT EXISTS (SELECT 1 FROM @T t WHERE @e(st))", "@x(s)",
		"\"%s\" is not there to be deleted; correct the key"},
	{ROW_PEER, ON_PUT, REF, "", PUT IS_GROUP("s.name"), "s.name", "name: \"%s\" is a group already; choose another name"},
	{ROW_GROUP, ON_PUT, REF, "", PUT IS_PEER("s.name"), "s.name", "name: \"%s\" is a peer already; choose another name"},
	{ROW_ROUTE, ON_PUT, REF, "group", NO_GROUP, "s.\"@1\"", "group: \"%s\" is no group here; add the group first, or correct the name"},
	{ROW_ROUTE, ON_PUT, REF, "peer", NO_PEER, "s.\"@1\"", PEER_FAULT},
	{ROW_RANGE, ON_PUT, REF, "owner", NO_PEER, "s.\"@1\"", PEER_FAULT},
	{ROW_RANGE, ON_PUT, REF, "to", NO_TARGET, "s.\"@1\"", TARGET_FAULT},
	{ROW_DOMAIN, ON_PUT, REF, "owner", NO_PEER, "s.\"@1\"", PEER_FAULT},
	{ROW_DOMAIN, ON_PUT, REF, "to", NO_TARGET, "s.\"@1\"", TARGET_FAULT},
	{ROW_SED, ON_PUT, REF, "peer", NO_PEER, "s.\"@1\"", PEER_FAULT},
	{ROW_ROUTE, ON_PUT, STORE_GATE_COST, "", PUT NOW("group", SAME_NAME, "n.name = s.\"group\" AND n.cost_ceiling > 0 AND "
		"s.cost > n.cost_ceiling"), "s.cost", "cost: %s is above the ceiling of its group; choose another way"},
	{ROW_GROUP, ON_PUT, STORE_GATE_COST, "", PUT "s.cost_ceiling > 0 AND " NOW("route", SAME_ROUTE, "n.\"group\" = s.name AND "
		"n.cost > s.cost_ceiling"), "s.cost_ceiling",
		"cost_ceiling: %s is below the cost of a route of this group; change the route first"},
	{ROW_PEER, ON_DELETE, REF, "", USED("route", SAME_ROUTE, "peer"), "s.name", USED_FAULT("route")},
	{ROW_PEER, ON_DELETE, REF, "", USED("sed", SAME_SED, "peer"), "s.name", USED_FAULT("SED record")},
	{ROW_PEER, ON_DELETE, REF, "", USED("domain", SAME_DOMAIN, "owner"), "s.name", USED_FAULT("domain")},
	{ROW_PEER, ON_DELETE, REF, "", USED_TARGET("domain", SAME_DOMAIN), "s.name", USED_FAULT("domain")},
	{ROW_PEER, ON_DELETE, REF, "", USED("range", SAME_RANGE, "owner"), "s.name", USED_FAULT("range")},
	{ROW_PEER, ON_DELETE, REF, "", USED_TARGET("range", SAME_RANGE), "s.name", USED_FAULT("range")},
	{ROW_GROUP, ON_DELETE, REF, "", USED("route", SAME_ROUTE, "group"), "s.name", USED_FAULT("route")},
	{ROW_GROUP, ON_DELETE, REF, "", USED_TARGET("domain", SAME_DOMAIN), "s.name", USED_FAULT("domain")},
	{ROW_GROUP, ON_DELETE, REF, "", USED_TARGET("range", SAME_RANGE), "s.name", USED_FAULT("range")},
};

_Static_assert(ARRAY_LEN(checks) < OVERLAP_MARK, "a mark for every check");

static bool check_applies(const struct store *s, const struct check *c, enum row_kind kind)
{
	if ((c->kind != 0 && c->kind != kind) || (c->gate != STORE_GATES && s->gate_off[c->gate]))
		return false;
	return ((c->when & ON_PUT) != 0 && s->put[kind] > 0) || ((c->when & ON_DELETE) != 0 && s->deleted[kind] > 0) ||
	       ((c->when & ON_MORE) != 0 && s->put[kind] + s->deleted[kind] > 1) ||
	       ((c->when & ON_UNDO) != 0 && s->undoing && s->put[kind] + s->deleted[kind] > 0);
}

struct telling {
	struct store_report *report;
	const char *before, *between, *after; // the parts of the sentence around what is shown
	result r;
};

static bool tell_h(void *ctx, const struct bytes *column)
{
	struct telling *t = ctx;
	char shown[ROW_REASON_MAX];
	size_t n = column[1].len < 64 ? column[1].len : 64; // the key of a row can fill the sentence

	for (size_t i = 0; i < n; i++) // tabs of a key of several columns, other scripts
		shown[i] = column[1].at[i] >= 0x20 && column[1].at[i] < 0x7f ? (char)column[1].at[i] : ' ';
	shown[n] = '\0';
	t->r = store_report_fault(t->report, store_number(column[0]), "%s%s%s", t->before, shown, t->after);
	return is_ok(t->r);
}

// The sentence of C with its column, cut where the value is shown.
static result check_tell(struct store *s, const struct check *c, enum row_kind kind, uint64_t mark, struct store_error *why)
{
	struct sql sentence, where, query;
	struct telling t = {.report = &s->report, .r = OK};
	char number[24];
	struct bytes param = store_number_text(mark, number);

	TRY(sql_make(&sentence, kind, c->fault, c->arg));
	char *cut = strstr(sentence.text, "%s");
	REQUIRE(cut != NULL, E_IMPOSSIBLE);
	*cut = '\0';
	t.before = sentence.text;
	t.after = cut + 2;
	TRY(sql_make(&where, kind, c->show, c->arg));
	TRY(sql_make(&query, kind, "SELECT s.number, @1 FROM @S s WHERE s.bad = $1 ORDER BY s.seq", where.text));
	TRY(s->backend->run(s->db, query.text, &param, 1, tell_h, &t, NULL, why));
	return t.r;
}

static result check_run(struct store *s, const struct check *c, enum row_kind kind, uint64_t mark, uint64_t *found, struct store_error *why)
{
	struct sql where;
	char number[24];
	struct bytes param = store_number_text(mark, number);
	uint64_t marked = 0;

	TRY(sql_make(&where, kind, c->where, c->arg));
	TRY(store_run(s, kind, "UPDATE @S AS s SET bad = $1 WHERE @1", where.text, &param, 1, NULL, NULL, &marked, why));
	*found += marked;
	return marked == 0 ? OK : check_tell(s, c, kind, mark, why);
}

static result pass_run(struct store *s, uint32_t pass, uint64_t *found, struct store_error *why)
{
	*found = 0;
	for (uint32_t i = 0; i < ARRAY_LEN(checks); i++) {
		for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++) {
			if (check_applies(s, &checks[i], k))
				TRY(check_run(s, &checks[i], k, (uint64_t)pass * MARKS + i, found, why));
		}
	}
	if (s->put[ROW_RANGE] > 0 && !s->gate_off[STORE_GATE_OWNER])
		TRY(store_overlap(s, pass * MARKS + OVERLAP_MARK, found, why));
	return OK;
}

result store_validate(struct store *s, bool again, struct store_error *why)
{
	uint64_t found = 1;

	for (uint32_t pass = 1; found > 0; pass++) {
		if (pass > PASSES_MAX) {
			store_error_set(why, "one fault leads to another without end; correct the %llu told and try again",
				(unsigned long long)s->report.faults);
			return FAIL(E_TOO_MANY);
		}
		TRY(pass_run(s, pass, &found, why));
		if (!again)
			break;
	}
	return OK;
}
