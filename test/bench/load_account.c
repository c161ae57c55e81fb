// SPDX-License-Identifier: Apache-2.0
// What the daemon used, by the kernel's own account: CPU time of every thread, proportional resident memory
// of every process (a memfd that a process has mapped is in it). Times of calls become quantiles here.
#include "load.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_LEN = 400 };

uint64_t load_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// The first line of a file; empty when there is none.
static const char *first_line(const char *path, char *line, int room)
{
	FILE *f = fopen(path, "r");

	line[0] = 0;
	if (f != NULL) {
		if (fgets(line, room, f) == NULL)
			line[0] = 0;
		fclose(f);
	}
	return line;
}

// utime + stime of a thread: fields 14 and 15, counted after the name, which may hold anything.
static uint64_t ticks_ns(const char *stat)
{
	const char *p = strrchr(stat, ')');
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK), ticks;
	char *end;

	for (int skip = 0; p != NULL && skip < 12; skip++)
		p = strchr(p + 1, ' ');
	if (p == NULL)
		return 0;
	ticks = strtoull(p, &end, 10);
	return (ticks + strtoull(end, NULL, 10)) * (1000000000u / hz);
}

static uint64_t thread_ns(const char *folder, const char *thread)
{
	char path[PATH_LEN], line[1024];

	snprintf(path, sizeof(path), "%s/%s/schedstat", folder, thread);
	if (first_line(path, line, sizeof(line))[0] != 0)
		return strtoull(line, NULL, 10);
	snprintf(path, sizeof(path), "%s/%s/stat", folder, thread);
	return ticks_ns(first_line(path, line, sizeof(line)));
}

uint64_t load_cpu_ns(const struct load *l)
{
	uint64_t sum = 0;

	for (int i = 0; i < l->pid_count; i++) {
		char folder[64];
		struct dirent *e;
		snprintf(folder, sizeof(folder), "/proc/%d/task", l->pid[i]);
		DIR *d = opendir(folder);
		while (d != NULL && (e = readdir(d)) != NULL)
			if (isdigit((unsigned char)e->d_name[0]))
				sum += thread_ns(folder, e->d_name);
		if (d != NULL)
			closedir(d);
	}
	return sum;
}

uint64_t load_pss_kib(int pid)
{
	char path[64], line[256];
	uint64_t kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	FILE *f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "Pss:", 4) == 0)
			kib = strtoull(line + 4, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kib;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void load_quantiles(const char *name, uint64_t *v, size_t n)
{
	if (n == 0)
		return;
	qsort(v, n, sizeof(*v), compare);
	printf(" %s_p50_us=%.1f %s_p99_us=%.1f %s_max_us=%.1f", name, (double)v[n / 2] / 1e3, name,
		(double)v[n * 99 / 100] / 1e3, name, (double)v[n - 1] / 1e3);
}
