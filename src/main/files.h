// SPDX-License-Identifier: Apache-2.0
// Reading files for the configuration, on behalf of conf_load: relative to the folder of the configuration.
#ifndef MAIN_FILES_H
#define MAIN_FILES_H

#include "conf/conf.h"

enum { FILES_PATH_MAX = 4096 };

struct files_root {
	char folder[FILES_PATH_MAX]; // with its trailing '/', or ""
};

struct files_hooks { // ctx of both hooks of conf_load
	const struct files_root *root;
	conf_resolver resolve; // NULL: names stay unresolved
	void *resolver_ctx;
};

void files_root_of(struct files_root *root, const char *config_path);
// PATH as the configuration writes it -> a path that can be opened. E_TOO_LONG.
MUST_USE result files_path(const struct files_root *root, const char *path, char out[FILES_PATH_MAX]);
// The whole regular file PATH, at most MAX octets, on the heap (a NUL follows). E_NOT_FOUND, E_TOO_LONG, E_NO_MEMORY.
MUST_USE result files_read_whole(const char *path, size_t max, uint8_t **out, size_t *len);
// struct conf_hooks: read and resolver.
result files_conf_read(void *ctx, const char *path, uint8_t *buf, size_t room, size_t *len);
result files_conf_resolve(void *ctx, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count);

#endif
