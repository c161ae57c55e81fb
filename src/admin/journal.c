// SPDX-License-Identifier: Apache-2.0
// The journal of administrators' actions.
#include "admin/journal.h"

#include "admin/text.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

result journal_init(struct journal *j, const struct disk *disk, const char *records_path)
{
	char path[ROTATE_PATH_MAX];
	const char *slash = strrchr(records_path, '/');
	int folder = slash != NULL ? (int)(slash - records_path) + 1 : 0;
	int n = snprintf(path, sizeof(path), "%.*saudit.jsonl", folder, records_path);
	*j = (struct journal){.lost = 0};
	REQUIRE(n > 0 && (size_t)n < sizeof(path), E_TOO_LONG);
	return rotate_init(&j->file, disk, path, JOURNAL_FILE_MAX, JOURNAL_FILES_KEPT);
}

static result append(struct journal *j, json_t *o)
{
	REQUIRE(o != NULL, E_NO_MEMORY);
	char *line = json_dumps(o, JSON_COMPACT);
	REQUIRE(line != NULL, E_NO_MEMORY);
	size_t n = strlen(line);
	line[n] = '\n'; // in place of the NUL
	result r = rotate_append(&j->file, bytes_make(line, n + 1));
	memory_free(line);
	return r;
}

result journal_write(struct journal *j, uint64_t wall_ms, uid_t uid, const char *action, const char *target,
	const char *outcome)
{
	char time[UTC_TEXT_MAX];
	log_write(LOG_LEVEL_NOTICE, "admin.action", LOG_NUM("uid", uid), LOG_STR("action", action), LOG_STR("target", target),
		LOG_STR("outcome", outcome));
	json_t *o = json_pack("{s:s, s:I, s:s, s:o, s:o}", "time", utc_text(wall_ms, time), "uid", (json_int_t)uid,
		"action", action, "target", text_json(target, 512), "outcome", text_json(outcome, 512));
	result r = append(j, o);
	json_decref(o);
	if (!is_ok(r)) {
		j->lost++;
		log_write(LOG_LEVEL_ALARM, "admin.journal-lost", LOG_STR("path", j->file.path), LOG_NUM("total", j->lost));
	}
	return r;
}

void journal_close(struct journal *j)
{
	rotate_close(&j->file);
}
