// SPDX-License-Identifier: Apache-2.0
// What all children do at their beginning.
#include "main/process.h"

#include "guard/sandbox.h"
#include "main/control.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

result process_map_snapshot(int fd, const struct snapshot **out, size_t *size)
{
	struct stat st;
	REQUIRE(fstat(fd, &st) == 0 && st.st_size > 0, E_SYSTEM);
	*size = (size_t)st.st_size;
	void *at = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(at != MAP_FAILED, E_SYSTEM);
	result r = snapshot_check(at, *size);
	if (!is_ok(r)) {
		munmap(at, *size);
		return r;
	}
	*out = at;
	return OK;
}

void process_unmap_snapshot(const struct snapshot *s, size_t size)
{
	if (s != NULL)
		munmap((void *)(uintptr_t)s, size);
}

uint16_t process_cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (uint16_t)n;
}

void process_taken(int control, uint32_t generation, result r)
{
	struct ipc_control m = control_make(IPC_CONTROL_TAKEN);
	m.generation = generation;
	m.error = (int32_t)r.error;
	IGNORE_RESULT(control_send(control, &m, -1)); // the monitor sends the snapshot again, and is answered again
}

result process_ready(const struct process_start *start, const struct sandbox_path *paths, uint32_t count)
{
	struct sandbox_config c = {.role = start->role, .user = start->user, .seccomp_off = start->sanitizer};
	struct sandbox_report report = {{0}};
	REQUIRE(count <= SANDBOX_PATHS_MAX, E_CONFIG);
	c.connect = start->role == ROLE_DIRECTORY && strncmp(start->registry, "postgresql:", 11) == 0;
	for (uint32_t i = 0; i < count; i++)
		c.path[c.path_count++] = paths[i];
	TRY(sandbox_enter(&c, &report));
	struct ipc_control m = control_make(IPC_CONTROL_READY);
	snprintf(m.text, sizeof(m.text), "%s", report.text);
	return control_send(start->control, &m, -1);
}
