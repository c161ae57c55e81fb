// SPDX-License-Identifier: Apache-2.0
// Structured log: one line an event, logfmt or JSON, rate-limited per call site.
//
// Values from strangers are escaped, so that no line can be forged (BE-5). Secrets are a type of their own
// that can only be printed as [redacted] (BE-3).
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/address.h"
#include "base/clock.h"
#include "base/gcra.h"
#include "base/result.h"
#include "base/span.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_NOTICE, LOG_LEVEL_WARNING, LOG_LEVEL_ALARM };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

enum log_kind { LOG_KIND_STRING, LOG_KIND_BYTES, LOG_KIND_NUMBER, LOG_KIND_ADDRESS, LOG_KIND_SECRET };

struct secret { // octets that never reach a log: the printer knows only the length
	const uint8_t *at;
	size_t len;
};

struct log_field {
	const char *key; // static
	enum log_kind kind;
	union {
		const char *string;
		struct bytes bytes;
		int64_t number;
		const struct address *address;
		struct secret secret;
	} value;
};

#define LOG_STR(k, v) ((struct log_field){(k), LOG_KIND_STRING, {.string = (v)}})
#define LOG_BYTES(k, v) ((struct log_field){(k), LOG_KIND_BYTES, {.bytes = (v)}})
#define LOG_NUM(k, v) ((struct log_field){(k), LOG_KIND_NUMBER, {.number = (int64_t)(v)}})
#define LOG_ADDR(k, v) ((struct log_field){(k), LOG_KIND_ADDRESS, {.address = (v)}})
#define LOG_SECRET(k, v) ((struct log_field){(k), LOG_KIND_SECRET, {.secret = (v)}})

enum { LOG_SITE_PER_SECOND = 10, LOG_SITE_BURST = 20, LOG_LINE_MAX = 2048 }; // a flood of events costs lines, not the disk

struct log_site { // one per place in the code; holds its budget and how many lines it swallowed
	struct gcra budget;
	_Atomic uint64_t swallowed;
};

typedef void (*log_sink)(const char *line, size_t len, void *ctx);

// PROCESS names the process in each line (static). The default sink writes to standard error.
void log_setup(const char *process, enum log_level least, enum log_format format);
// Tests: lines go to SINK instead.
void log_set_sink(log_sink sink, void *ctx);
void log_event(struct log_site *site, enum log_level level, const char *event, const struct log_field *fields,
	uint32_t count);

// log_write(LOG_LEVEL_NOTICE, "peer.refused", LOG_STR("peer", name), LOG_ADDR("from", &addr));
#define log_write(level, event, ...)                                                                         \
	do {                                                                                                 \
		static struct log_site log_site_;                                                            \
		const struct log_field log_fields_[] = {__VA_ARGS__};                                        \
		log_event(&log_site_, (level), (event), log_fields_, (uint32_t)ARRAY_LEN(log_fields_));      \
	} while (0)

#endif
