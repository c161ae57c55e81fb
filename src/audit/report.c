// SPDX-License-Identifier: Apache-2.0
// What held and what did not: a table for people, JSON for programs, one number for the shell.
#include "audit/inside.h"

#include <stdarg.h>

static const char *audit_verdict_name(enum audit_verdict v)
{
	static const char *const names[AUDIT_V_COUNT] = {"held", "failed", "inconclusive", "skipped"};
	return (unsigned)v < AUDIT_V_COUNT ? names[v] : "?";
}

void audit_say(struct audit_result *r, enum audit_verdict v, const char *format, ...)
{
	va_list list;

	r->verdict = v;
	va_start(list, format);
	(void)vsnprintf(r->evidence, sizeof(r->evidence), format, list); // cut is fine: it is for reading
	va_end(list);
}

void audit_find(struct audit_result *r, bool held, const char *format, ...)
{
	size_t n = strlen(r->evidence);
	va_list list;

	if (!held && r->verdict != AUDIT_V_FAILED) { // what held before is no news any more
		r->verdict = AUDIT_V_FAILED;
		n = 0;
	} else if (held && r->verdict != AUDIT_V_HELD) {
		return;
	}
	n += (size_t)snprintf(r->evidence + n, sizeof(r->evidence) - n, "%s", n > 0 ? "; " : "");
	if (n >= sizeof(r->evidence))
		return;
	va_start(list, format);
	(void)vsnprintf(r->evidence + n, sizeof(r->evidence) - n, format, list); // cut is fine
	va_end(list);
}

void audit_unjudged(struct audit_result *r, const char *format, ...)
{
	va_list list;

	if (r->verdict == AUDIT_V_FAILED)
		return;
	r->verdict = AUDIT_V_INCONCLUSIVE;
	va_start(list, format);
	(void)vsnprintf(r->evidence, sizeof(r->evidence), format, list); // cut is fine
	va_end(list);
}

void audit_report_row(FILE *to, const struct audit_probe *p, const struct audit_result *r)
{
	fprintf(to, "%-12s  %-12s  %-16s  %5u packets %5.1f s  %s\n", audit_verdict_name(r->verdict), p->threats, p->name,
		r->packets, (double)r->ms / 1000, p->description);
	if (r->evidence[0] != '\0')
		fprintf(to, "%14s%s\n", "", r->evidence);
	(void)fflush(to); // a reader waits
}

// Evidence may quote the target: what is no UTF-8 becomes '?'.
static json_t *text_json(const char *text)
{
	json_t *j = json_string(text);
	char clean[AUDIT_EVIDENCE_MAX];
	uint32_t n = 0;

	if (j != NULL)
		return j;
	for (; text[n] != '\0' && n + 1 < sizeof(clean); n++)
		clean[n] = text[n] >= ' ' && text[n] < 127 ? text[n] : '?';
	clean[n] = '\0';
	return json_string(clean);
}

static json_t *row_json(const struct audit_probe *p, const struct audit_result *r)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:o, s:I, s:I}", "threats", text_json(p->threats), "probe", p->name,
		"description", p->description, "verdict", audit_verdict_name(r->verdict), "evidence", text_json(r->evidence),
		"packets", (json_int_t)r->packets, "ms", (json_int_t)r->ms);
}

json_t *audit_report_json(const struct audit_settings *s, const struct audit_probe *probes,
	const struct audit_result *results, uint32_t n)
{
	uint32_t count[AUDIT_V_COUNT] = {0};
	json_t *rows = json_array();

	for (uint32_t i = 0; rows != NULL && i < n; i++) {
		if (!audit_selected(s, &probes[i]))
			continue;
		count[results[i].verdict]++;
		if (json_array_append_new(rows, row_json(&probes[i], &results[i])) != 0) {
			json_decref(rows);
			rows = NULL;
		}
	}
	return rows == NULL ? NULL
		: json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "target", s->name, "seed", (json_int_t)s->seed,
			"held", (json_int_t)count[AUDIT_V_HELD], "failed", (json_int_t)count[AUDIT_V_FAILED],
			"inconclusive", (json_int_t)count[AUDIT_V_INCONCLUSIVE], "skipped",
			(json_int_t)count[AUDIT_V_SKIPPED], "ok", audit_report_exit(results, n) == AUDIT_HELD, "probes", rows);
}

int audit_report_exit(const struct audit_result *results, uint32_t n)
{
	uint32_t held = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (results[i].verdict == AUDIT_V_FAILED)
			return AUDIT_FAILED;
		held += results[i].verdict == AUDIT_V_HELD;
	}
	return held > 0 ? AUDIT_HELD : AUDIT_FAILED; // an audit that tried nothing proves nothing
}

static bool word_in(struct bytes list, struct bytes word)
{
	for (size_t at = 0; at < list.len;) {
		size_t end = at;
		while (end < list.len && list.at[end] != ',' && list.at[end] != ' ')
			end++;
		if (bytes_equal_nocase(bytes_make(list.at + at, end - at), word))
			return true;
		at = end + 1;
	}
	return false;
}

bool audit_selected(const struct audit_settings *s, const struct audit_probe *p)
{
	struct bytes only = bytes_of_string(s->only), ids = bytes_of_string(p->threats);

	if (only.len == 0 || word_in(only, bytes_of_string(p->name)))
		return true;
	for (size_t at = 0; at < only.len;) {
		size_t end = at;
		while (end < only.len && only.at[end] != ',')
			end++;
		if (word_in(ids, bytes_make(only.at + at, end - at)))
			return true;
		at = end + 1;
	}
	return false;
}
