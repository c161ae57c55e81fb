// SPDX-License-Identifier: Apache-2.0
// The last good state as a file: for a start without the database. A key that only root can read signs it: whoever may write into the
// folder cannot give us numbers (LUF-I3).
#include "main/feed_inside.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CACHE_MAGIC = 0x53414c43, CACHE_VERSION = 2, CACHE_MAC_LEN = 32 };

// [octets] 24 a range, of which RANGES_MAX may be; what is longer was not written by us, and is not read into memory to find that out.
#define CACHE_OCTETS_MAX (4ull << 30)

struct cache_head {
	uint32_t magic, version;
	uint64_t ranges, groups;   // octets of the two blocks behind
	uint64_t change_set;       // that they are as of
	uint8_t hash[STORE_HASH_LEN]; // of it
	uint8_t head_mac[CACHE_MAC_LEN]; // of what stands above: lengths are believed after it alone
	uint8_t mac[CACHE_MAC_LEN]; // of all, with this field zero
};

static void sign_head(const struct feed *f, const struct cache_head *h, uint8_t mac[CACHE_MAC_LEN])
{
	crypto_generichash(mac, CACHE_MAC_LEN, (const uint8_t *)h, offsetof(struct cache_head, head_mac), f->config.key, FEED_KEY_LEN);
}

static void sign(const struct feed *f, const struct cache_head *h, const void *ranges, const void *groups, uint8_t mac[CACHE_MAC_LEN])
{
	struct cache_head plain = *h;
	crypto_generichash_state s;
	memset(plain.mac, 0, sizeof(plain.mac));
	crypto_generichash_init(&s, f->config.key, FEED_KEY_LEN, CACHE_MAC_LEN);
	crypto_generichash_update(&s, (const uint8_t *)&plain, sizeof(plain));
	crypto_generichash_update(&s, ranges, h->ranges);
	crypto_generichash_update(&s, groups, h->groups);
	crypto_generichash_final(&s, mac, CACHE_MAC_LEN);
}

static result write_whole(int fd, const void *at, size_t n)
{
	const uint8_t *from = at;
	while (n > 0) {
		ssize_t done = write(fd, from, n);
		REQUIRE(done > 0, E_FULL);
		from += done;
		n -= (size_t)done;
	}
	return OK;
}

static result write_file(const struct feed *f, int fd)
{
	struct cache_head h;
	memset(&h, 0, sizeof(h));
	h.magic = CACHE_MAGIC;
	h.version = CACHE_VERSION;
	h.ranges = f->ranges.size;
	h.groups = f->groups.size;
	h.change_set = f->seen;
	memcpy(h.hash, f->seen_hash, sizeof(h.hash));
	sign_head(f, &h, h.head_mac);
	sign(f, &h, f->ranges.at, f->groups.at, h.mac);
	TRY(write_whole(fd, &h, sizeof(h)));
	TRY(write_whole(fd, f->ranges.at, f->ranges.size));
	TRY(write_whole(fd, f->groups.at, f->groups.size));
	return fsync(fd) == 0 ? OK : FAIL(E_FULL);
}

result feed_cache_write(struct feed *f)
{
	char next[FEED_PATH_MAX + 8];
	if (f->logged > 0)
		TRY(feed_merge(f));
	snprintf(next, sizeof(next), "%s.new", f->config.cache);
	unlink(next); // whatever was put there: it is not opened
	int fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	REQUIRE(fd >= 0, E_SYSTEM);
	result r = write_file(f, fd);
	if (close(fd) != 0 && is_ok(r))
		r = FAIL(E_FULL);
	if (is_ok(r) && rename(next, f->config.cache) != 0)
		r = FAIL(E_SYSTEM);
	if (!is_ok(r))
		unlink(next);
	return r;
}

// ---- reading

struct from_file {
	int fd;
	size_t size;
	bool short_;
};

static void copy_h(void *ctx, void *out)
{
	struct from_file *x = ctx;
	uint8_t *to = out;
	for (size_t left = x->size; left > 0;) {
		ssize_t n = read(x->fd, to, left);
		if (n <= 0) {
			x->short_ = true;
			return;
		}
		to += n;
		left -= (size_t)n;
	}
}

static result read_block(int fd, size_t size, const char *name, struct feed_block *out)
{
	struct from_file x = {fd, size, false};
	TRY(feed_block_new(out, name, size, copy_h, &x));
	return x.short_ ? FAIL(E_FORGED) : OK;
}

static result names_of(const struct groups *g, struct group_names **out)
{
	uint32_t target;
	TRY(group_names_new(out));
	for (uint32_t i = 0; i < groups_names(g); i++) {
		TRY(group_names_put(*out, groups_name(g, i), &target));
		REQUIRE(target == i, E_FORGED);
	}
	return OK;
}

static result check(const struct feed *f, const struct cache_head *h, const struct feed_block *ranges, const struct feed_block *groups)
{
	uint8_t mac[CACHE_MAC_LEN];
	sign(f, h, ranges->at, groups->at, mac);
	REQUIRE(sodium_memcmp(mac, h->mac, sizeof(mac)) == 0, E_FORGED);
	REQUIRE(is_ok(ranges_check(ranges->at, ranges->size, true)) && is_ok(groups_check(groups->at, groups->size, true)), E_FORGED);
	return OK;
}

static result read_head(const struct feed *f, int fd, struct cache_head *h)
{
	uint8_t mac[CACHE_MAC_LEN];
	struct stat st;
	REQUIRE(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && read(fd, h, sizeof(*h)) == (ssize_t)sizeof(*h), E_FORGED);
	REQUIRE(h->magic == CACHE_MAGIC && h->version == CACHE_VERSION, E_FORGED);
	sign_head(f, h, mac);
	REQUIRE(sodium_memcmp(mac, h->head_mac, sizeof(mac)) == 0, E_FORGED);
	REQUIRE((uint64_t)st.st_size <= CACHE_OCTETS_MAX, E_FORGED);
	uint64_t left = (uint64_t)st.st_size - sizeof(*h);
	return h->ranges > 0 && h->groups > 0 && h->ranges <= left && h->groups == left - h->ranges ? OK : FAIL(E_FORGED);
}

static result read_file(struct feed *f, int fd)
{
	struct cache_head h;
	struct group_names *names = NULL;
	struct feed_block ranges = {.fd = -1}, groups = {.fd = -1};
	TRY(read_head(f, fd, &h));
	result r = read_block(fd, h.ranges, "sallyport-ranges", &ranges);
	if (is_ok(r))
		r = read_block(fd, h.groups, "sallyport-groups", &groups);
	if (is_ok(r))
		r = check(f, &h, &ranges, &groups);
	if (is_ok(r))
		r = names_of(groups.at, &names);
	if (!is_ok(r)) {
		group_names_free(names);
		feed_block_free(&ranges);
		feed_block_free(&groups);
		return r;
	}
	feed_serve(f, names, &ranges, &groups, true);
	f->seen = h.change_set;
	memcpy(f->seen_hash, h.hash, sizeof(f->seen_hash));
	return OK;
}

result feed_cache_read(struct feed *f)
{
	int fd = open(f->config.cache, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK); // a pipe in its place holds us up for nobody
	REQUIRE(fd >= 0, errno == ENOENT ? E_NOT_FOUND : E_FORGED);
	result r = read_file(f, fd);
	close(fd);
	return r;
}
