// SPDX-License-Identifier: Apache-2.0
// Spans: a parsed value is two indices into the one message buffer.
//
// Half the size of a pointer and a length, valid after the buffer is copied, and the shape that lets a
// static analyser show the absence of runtime errors in the parsers (`make prove`): every octet is read
// through octet_at(), which checks.
//
// `struct bytes` is the other view, pointer and length, for octets that are not being parsed (keys, names
// out of the configuration, output). Nothing is NUL-terminated inside.
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	uint32_t from; // first octet
	uint32_t to;   // one past the last; from <= to always
};

struct bytes {
	const uint8_t *at;
	size_t len;
};

// The octet at index I of BUF that holds N octets; 0 beyond its end. The only way parsers read.
static inline uint8_t octet_at(const uint8_t *buf, uint32_t n, uint32_t i)
{
	return i < n ? buf[i] : (uint8_t)0;
}

static inline uint32_t span_len(struct span s)
{
	return s.to >= s.from ? s.to - s.from : 0;
}

static inline bool span_empty(struct span s)
{
	return s.to <= s.from;
}

static inline struct span span_make(uint32_t from, uint32_t to)
{
	return (struct span){from, to < from ? from : to};
}

// The octets of span S of BUF (N octets), clipped to the buffer.
static inline struct bytes span_bytes(const uint8_t *buf, uint32_t n, struct span s)
{
	if (s.to > n || s.from > s.to)
		return (struct bytes){buf, 0};
	return (struct bytes){buf + s.from, s.to - s.from};
}

// A string literal as bytes, without its NUL.
#define BYTES(literal) ((struct bytes){(const uint8_t *)("" literal), sizeof(literal) - 1})

static inline struct bytes bytes_make(const void *at, size_t len)
{
	return (struct bytes){(const uint8_t *)at, len};
}

static inline struct bytes bytes_of_string(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

// ASCII case-insensitive equality (RFC3261#7.3.1). Never locale dependent.
bool bytes_equal_nocase(struct bytes a, struct bytes b);

// Does A begin with PREFIX?
static inline bool bytes_begin(struct bytes a, struct bytes prefix)
{
	return a.len >= prefix.len && memcmp(a.at, prefix.at, prefix.len) == 0;
}

// Equality in time that depends on the lengths only, for tokens and authentication tags.
bool bytes_equal_secret(struct bytes a, struct bytes b);

#endif
