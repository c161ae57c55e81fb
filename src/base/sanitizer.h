// SPDX-License-Identifier: Apache-2.0
// Which sanitizer this build is for; GCC and Clang say it differently.
#ifndef BASE_SANITIZER_H
#define BASE_SANITIZER_H

#include <stdbool.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZER_THREAD 1
#endif
#if __has_feature(address_sanitizer)
#define SANITIZER_ADDRESS 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define SANITIZER_THREAD 1
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZER_ADDRESS 1
#endif

// Is this a build whose library needs more of the system than we grant?
static inline bool sanitizer_inside(void)
{
#if defined(SANITIZER_ADDRESS) || defined(SANITIZER_THREAD)
	return true;
#else
	return false;
#endif
}

#endif
