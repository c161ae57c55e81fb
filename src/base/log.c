// SPDX-License-Identifier: Apache-2.0
// The log: time, level, process and event, then the fields of the caller.
//
// Each call site has a budget; what exceeds it is counted and the count is printed with the next line that
// passes, so that a flood of events costs some lines and no disk (BE-5). The settings below are the one piece
// of process-wide state: they are set before threads start and read afterwards; the log has no other.
#include "base/log.h"

#include "base/log_line.h"

#include <unistd.h>

static void sink_stderr(const char *line, size_t len, void *ctx);

// banned-ok: set before threads start, read afterwards; handing it to every log site would bury the sites
static struct {
	const char *process;
	enum log_level least;
	enum log_format format;
	log_sink sink;
	void *ctx;
} settings = {"sallyport", LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, sink_stderr, NULL};

static void sink_stderr(const char *line, size_t len, void *ctx)
{
	UNUSED(ctx);
	// One write a line keeps the lines of threads apart. A full or closed log must not stop calls.
	ssize_t written = write(STDERR_FILENO, line, len);
	UNUSED(written);
}

void log_setup(const char *process, enum log_level least, enum log_format format)
{
	settings.process = process;
	settings.least = least;
	settings.format = format;
}

void log_set_sink(log_sink sink, void *ctx)
{
	settings.sink = sink != NULL ? sink : sink_stderr;
	settings.ctx = ctx;
}

static const char *level_name(enum log_level level)
{
	static const char *const NAMES[] = {"debug", "info", "notice", "warning", "alarm"};

	return (size_t)level < ARRAY_LEN(NAMES) ? NAMES[level] : "unknown";
}

static void log_print(enum log_level level, const char *event, const struct log_field *fields, uint32_t count,
	uint64_t swallowed, uint64_t wall_ms)
{
	struct log_line line;
	char time[UTC_TEXT_MAX];
	const struct log_field head[] = {
		LOG_STR("time", utc_text(wall_ms, time)),
		LOG_STR("level", level_name(level)),
		LOG_STR("process", settings.process),
		LOG_STR("event", event),
		LOG_NUM("swallowed", swallowed),
	};

	log_line_begin(&line, settings.format);
	for (uint32_t i = 0; i < ARRAY_LEN(head) - (swallowed == 0); i++)
		log_line_field(&line, &head[i]);
	for (uint32_t i = 0; i < count; i++)
		log_line_field(&line, &fields[i]);
	log_line_end(&line);
	settings.sink(line.text, line.len, settings.ctx);
}

void log_event(struct log_site *site, enum log_level level, const char *event, const struct log_field *fields,
	uint32_t count)
{
	if (level < settings.least)
		return;
	struct now now = clock_now();
	if (!gcra_admit(&site->budget, gcra_rate_make(LOG_SITE_PER_SECOND, LOG_SITE_BURST), now.mono_us)) {
		atomic_fetch_add_explicit(&site->swallowed, 1, memory_order_relaxed);
		return;
	}
	uint64_t swallowed = atomic_exchange_explicit(&site->swallowed, 0, memory_order_relaxed);
	log_print(level, event, fields, count, swallowed, now.wall_ms);
}
