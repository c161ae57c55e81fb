// SPDX-License-Identifier: Apache-2.0
// Small files, read whole and bounded; no special files.
#include "main/files.h"

#include "base/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void files_root_of(struct files_root *root, const char *config_path)
{
	const char *slash = strrchr(config_path, '/');
	size_t n = slash != NULL ? (size_t)(slash - config_path) + 1 : 0;
	root->folder[0] = '\0';
	if (n < sizeof(root->folder)) {
		memcpy(root->folder, config_path, n);
		root->folder[n] = '\0';
	}
}

result files_path(const struct files_root *root, const char *path, char out[FILES_PATH_MAX])
{
	int n = snprintf(out, FILES_PATH_MAX, "%s%s", path[0] == '/' ? "" : root->folder, path);
	return n >= 0 && n < FILES_PATH_MAX ? OK : FAIL(E_TOO_LONG);
}

static result read_open(int fd, uint8_t *buf, size_t room, size_t *len)
{
	struct stat st;
	REQUIRE(fstat(fd, &st) == 0 && S_ISREG(st.st_mode), E_NOT_FOUND);
	REQUIRE((uint64_t)st.st_size <= room, E_TOO_LONG);
	*len = 0;
	while (*len < room) {
		ssize_t n = read(fd, buf + *len, room - *len);
		REQUIRE(n >= 0, E_NOT_FOUND);
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return OK;
}

static result read_into(const char *path, uint8_t *buf, size_t room, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	REQUIRE(fd >= 0, E_NOT_FOUND);
	result r = read_open(fd, buf, room, len);
	close(fd);
	return r;
}

result files_read_whole(const char *path, size_t max, uint8_t **out, size_t *len)
{
	uint8_t *buf = memory_alloc(max + 1);
	REQUIRE(buf != NULL, E_NO_MEMORY);
	result r = read_into(path, buf, max, len);
	if (!is_ok(r)) {
		memory_free(buf);
		return r;
	}
	buf[*len] = '\0';
	*out = buf;
	return OK;
}

result files_conf_read(void *ctx, const char *path, uint8_t *buf, size_t room, size_t *len)
{
	const struct files_hooks *h = ctx;
	char full[FILES_PATH_MAX];
	TRY(files_path(h->root, path, full));
	return read_into(full, buf, room, len);
}

result files_conf_resolve(void *ctx, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count)
{
	const struct files_hooks *h = ctx;
	*count = 0;
	REQUIRE(h->resolve != NULL, E_NOT_FOUND);
	return h->resolve(h->resolver_ctx, want, out, room, count);
}
