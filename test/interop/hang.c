// SPDX-License-Identifier: Apache-2.0
// Preloaded by test_restart.py: a process that is about to load its filter hangs there, while the first octet of the file
// LAB_HANG is not zero. The file is mapped before the processes are confined.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile const char *hang;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("LAB_HANG");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd >= 0 ? mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (fd >= 0)
		close(fd);
	if (at != MAP_FAILED)
		hang = at;
}

int seccomp_load(void *filter)
{
	int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "seccomp_load");
	while (hang != NULL && *hang != 0)
		usleep(10000);
	return real(filter);
}
