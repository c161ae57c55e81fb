// SPDX-License-Identifier: Apache-2.0
// `sallyport run`.
#ifndef MAIN_MONITOR_H
#define MAIN_MONITOR_H

// Run everything in the foreground until SIGTERM or SIGINT. USER is who the children become when started as root.
// Returns the exit status: 0 after an orderly stop, 1 when it could not start.
int monitor_run(const char *config_path, const char *user);

#endif
