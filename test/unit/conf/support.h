// SPDX-License-Identifier: Apache-2.0
// What the tests of conf share: a reader and a resolver in memory, loads of text, look-ups of messages.
#ifndef TEST_CONF_SUPPORT_H
#define TEST_CONF_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/conf.h"

#define TEST_WALL_MS 1795392000000ull // 2026-11-23 00:00 UTC

extern const struct conf_hooks test_hooks; // reader: "*.pem" a certificate, resolver: names -> 192.0.2.1
extern const struct conf_hooks test_hooks_unresolved;
const char *test_certificate(void); // PEM, made once: SAN DNS:ssp-a.example
const char *test_private_key(void);

// The smallest configuration that loads without a message but waivers; `extra` is put at its end.
const char *test_base(const char *extra);
// The same with one peering peer whose fields are the given text, lines of two-space-indented YAML.
const char *test_with_peer(const char *fields);

struct conf_result test_load(const char *yaml);
struct conf_result test_load_at(const char *yaml, uint64_t wall_ms, const struct snapshot *previous);
// The first message that holds TEXT, NULL when none does.
const struct conf_message *test_message(const struct conf_result *r, const char *text);
// Exactly one error, holding TEXT at this place; frees R.
void test_one_error(struct conf_result r, uint32_t line, uint32_t column, const char *text);
const struct peer *test_peer(const struct conf_result *r, const char *name);

#endif
