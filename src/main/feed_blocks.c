// SPDX-License-Identifier: Apache-2.0
// The database's rows as blocks: all of them, those that have changed, and both merged.
#include "main/feed_inside.h"

#include "base/log.h"
#include "base/memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// ---- sealed memory

void feed_block_free(struct feed_block *b)
{
	if (b->at != NULL)
		munmap(b->at, b->size);
	if (b->fd >= 0)
		close(b->fd);
	*b = (struct feed_block){.fd = -1};
}

static result fill(struct feed_block *b, void (*write_h)(void *ctx, void *out), void *ctx)
{
	REQUIRE(ftruncate(b->fd, (off_t)b->size) == 0, E_SYSTEM);
	void *at = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
	REQUIRE(at != MAP_FAILED, E_NO_MEMORY);
	write_h(ctx, at);
	munmap(at, b->size);
	REQUIRE(fcntl(b->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0, E_SYSTEM);
	at = mmap(NULL, b->size, PROT_READ, MAP_SHARED, b->fd, 0);
	REQUIRE(at != MAP_FAILED, E_NO_MEMORY);
	b->at = at;
	return OK;
}

result feed_block_new(struct feed_block *b, const char *name, size_t size, void (*write_h)(void *ctx, void *out), void *ctx)
{
	*b = (struct feed_block){.fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), .size = size};
	REQUIRE(b->fd >= 0, E_SYSTEM);
	result r = fill(b, write_h, ctx);
	if (!is_ok(r))
		feed_block_free(b);
	return r;
}

static void write_ranges(void *ctx, void *out)
{
	ranges_builder_write(ctx, out);
}

static void write_groups(void *ctx, void *out)
{
	groups_builder_write(ctx, out);
}

static result ranges_block(struct ranges_builder *b, struct feed_block *out)
{
	size_t size;
	TRY(ranges_builder_size(b, &size));
	return feed_block_new(out, "sallyport-ranges", size, write_ranges, b);
}

static result groups_block(struct groups_builder *b, struct feed_block *out)
{
	size_t size;
	TRY(groups_builder_size(b, &size));
	return feed_block_new(out, "sallyport-groups", size, write_groups, b);
}

void feed_serve(struct feed *f, struct group_names *names, const struct feed_block *ranges, const struct feed_block *groups, bool remembered)
{
	if (names != f->names)
		group_names_free(f->names);
	pthread_mutex_lock(&f->lock);
	feed_block_free(&f->ranges);
	if (groups != &f->groups)
		feed_block_free(&f->groups);
	f->names = names;
	f->ranges = *ranges;
	f->groups = *groups;
	f->epoch++;
	f->serial = 1;
	f->logged = 0;
	f->remembered = remembered;
	pthread_mutex_unlock(&f->lock);
}

// ---- rows of the database

struct reading {
	struct group_names *names;
	struct groups_builder *groups;
	struct ranges_builder *ranges; // NULL: groups alone
	result failed;
};

static result range_of(struct group_names *names, const struct row_range *r, struct range *out)
{
	out->key = range_key_of(r->prefix, r->exact != 0);
	out->rn = r->rn[0] != '\0' ? range_key_of(r->rn, false) : 0;
	REQUIRE(out->key != 0, E_FORGED);
	return group_names_put(names, r->to, &out->target);
}

static bool row_h(void *ctx, const struct row *row)
{
	struct reading *x = ctx;
	struct range range;
	if (row->kind != ROW_RANGE) {
		x->failed = groups_builder_add(x->groups, row);
		return is_ok(x->failed);
	}
	x->failed = range_of(x->names, &row->u.range, &range);
	if (is_ok(x->failed))
		x->failed = ranges_builder_add(x->ranges, &range);
	return is_ok(x->failed);
}

static result read_kinds(struct feed *f, struct reading *x, struct store_error *why)
{
	static const enum row_kind kinds[] = {ROW_PEER, ROW_GROUP, ROW_ROUTE, ROW_DOMAIN, ROW_SED, ROW_RANGE};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i] == ROW_RANGE && x->ranges == NULL)
			continue;
		TRY(store_each(f->store, kinds[i], row_h, x, why));
		TRY(x->failed);
	}
	return OK;
}

static result read_all(struct feed *f, struct reading *x, uint64_t *change_set, struct store_error *why)
{
	TRY(store_read_begin(f->store, change_set, why));
	result r = read_kinds(f, x, why);
	store_read_end(f->store);
	return r;
}

static result build(struct feed *f, struct reading *x, struct feed_block *ranges, struct feed_block *groups, struct store_error *why)
{
	uint64_t change_set;
	TRY(group_names_new(&x->names));
	TRY(groups_builder_new(&x->groups, x->names));
	TRY(ranges_builder_new(&x->ranges, f->ranges.at != NULL ? ranges_count(f->ranges.at) : 0));
	TRY(read_all(f, x, &change_set, why));
	TRY(ranges_block(x->ranges, ranges));
	TRY(groups_block(x->groups, groups));
	f->seen = change_set;
	memset(f->seen_hash, 0, sizeof(f->seen_hash));
	return change_set == 0 ? OK : store_hash(f->store, change_set, f->seen_hash, why);
}

result feed_load(struct feed *f, struct store_error *why)
{
	struct reading x = {.failed = OK};
	struct feed_block ranges = {.fd = -1}, groups = {.fd = -1};
	result r = build(f, &x, &ranges, &groups, why);
	groups_builder_free(x.groups);
	ranges_builder_free(x.ranges);
	if (!is_ok(r)) {
		feed_block_free(&ranges);
		feed_block_free(&groups);
		group_names_free(x.names);
		return r;
	}
	feed_serve(f, x.names, &ranges, &groups, false);
	f->stale = true;
	log_write(LOG_LEVEL_NOTICE, "registry.loaded", LOG_NUM("ranges", ranges_count(f->ranges.at)), LOG_NUM("change_set", f->seen),
		LOG_NUM("octets", f->ranges.size + f->groups.size));
	return OK;
}

// ---- changes

// Does the journal still hold the change set that is served, as it was then? Then what comes behind it follows it.
static result is_ours(struct feed *f, bool *ours, struct store_error *why)
{
	uint8_t hash[STORE_HASH_LEN];
	*ours = true;
	if (f->seen == 0)
		return OK; // everything follows nothing
	result r = store_hash(f->store, f->seen, hash, why);
	*ours = is_ok(r) && memcmp(hash, f->seen_hash, sizeof(hash)) == 0;
	return r.error == E_NOT_FOUND || r.error == E_FORGED ? OK : r;
}

struct following {
	struct feed *feed;
	uint32_t logged;     // with those of this reading
	bool groups_changed;
	result failed;
};

static bool change_h(void *ctx, const struct store_change *c)
{
	struct following *x = ctx;
	const struct row *row = c->has_after ? &c->after : &c->before;
	struct range range;
	uint32_t known = group_names_count(x->feed->names);
	if (row->kind != ROW_RANGE) {
		x->groups_changed = true;
		return true;
	}
	x->failed = x->logged < OVERLAY_MAX ? range_of(x->feed->names, &row->u.range, &range) : FAIL(E_FULL);
	if (!is_ok(x->failed))
		return false;
	x->groups_changed |= group_names_count(x->feed->names) != known;
	x->feed->log[x->logged++] =
		(struct ipc_ldr_change){.key = range.key, .rn = range.rn, .target = range.target, .gone = !c->has_after};
	return true;
}

static result groups_anew(struct feed *f, struct feed_block *groups, struct store_error *why)
{
	struct reading x = {.names = f->names, .failed = OK};
	TRY(groups_builder_new(&x.groups, f->names));
	result r = read_all(f, &x, NULL, why);
	if (is_ok(r))
		r = groups_block(x.groups, groups);
	groups_builder_free(x.groups);
	return r;
}

// All of a reading at once: the LOGGED changes, and new groups unless they have no descriptor.
static void publish(struct feed *f, uint32_t logged, const struct feed_block *groups)
{
	pthread_mutex_lock(&f->lock);
	if (groups->fd >= 0) {
		feed_block_free(&f->groups);
		f->groups = *groups;
		f->serial++;
	}
	f->logged = logged;
	f->epoch += f->remembered; // who kept his own set meanwhile is sent this one now
	f->remembered = false;
	pthread_mutex_unlock(&f->lock);
}

// The change set that we serve is no longer there, or another one has its number: the journal was cut, a copy restored, or the
// database replaced. What follows it does not follow what we have: everything is read, and somebody is told (LUF-I3).
static result load_other(struct feed *f, uint64_t newest, struct store_error *why)
{
	log_write(LOG_LEVEL_ALARM, "registry.went-back", LOG_NUM("serving", f->seen), LOG_NUM("newest", newest));
	return feed_load(f, why);
}

result feed_follow(struct feed *f, bool opened, struct store_error *why)
{
	struct following x = {.feed = f, .logged = f->logged, .failed = OK};
	struct feed_block groups = {.fd = -1};
	uint64_t newest, last = f->seen;
	bool ours = true;
	TRY(store_newest(f->store, &newest, why));
	if (newest == f->seen && !opened)
		return OK;
	TRY(is_ours(f, &ours, why));
	if (!ours)
		return load_other(f, newest, why);
	if (newest == f->seen) {
		publish(f, f->logged, &groups);
		return OK;
	}
	result r = store_changes(f->store, f->seen, FEED_READ_MOST, change_h, &x, &last, why);
	if (r.error == E_TOO_MANY || x.failed.error == E_FULL)
		return feed_load(f, why); // more than a few
	TRY(r);
	TRY(x.failed);
	TRY(store_hash(f->store, last, f->seen_hash, why));
	if (x.groups_changed)
		TRY(groups_anew(f, &groups, why));
	f->seen = last;
	publish(f, x.logged, &groups);
	f->stale = true;
	log_write(LOG_LEVEL_NOTICE, "registry.changed", LOG_NUM("change_set", last), LOG_NUM("waiting", f->logged));
	return f->logged >= OVERLAY_MERGE ? feed_merge(f) : OK;
}

// ---- merging

struct numbered {
	struct ipc_ldr_change change;
	uint32_t number;
};

static int by_key(const void *left, const void *right)
{
	const struct numbered *a = left, *b = right;
	if (a->change.key != b->change.key)
		return a->change.key < b->change.key ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

// The last change of each key, in the order of keys.
static uint32_t last_changes(const struct feed *f, struct numbered *out)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < f->logged; i++)
		out[i] = (struct numbered){f->log[i], i};
	if (f->logged > 1)
		qsort(out, f->logged, sizeof(*out), by_key);
	for (uint32_t i = 0; i < f->logged; i++)
		if (i + 1 == f->logged || out[i].change.key != out[i + 1].change.key)
			out[n++] = out[i];
	return n;
}

static result add_change(struct ranges_builder *b, const struct ipc_ldr_change *c)
{
	return c->gone ? OK : ranges_builder_add(b, &(struct range){c->key, c->target, c->rn});
}

static result merge_into(const struct feed *f, struct numbered *change, struct ranges_builder *b)
{
	uint32_t n = last_changes(f, change), at = 0;
	struct range r;
	for (uint32_t i = 0; ranges_at(f->ranges.at, i, &r); i++) {
		for (; at < n && change[at].change.key < r.key; at++)
			TRY(add_change(b, &change[at].change));
		if (at < n && change[at].change.key == r.key)
			TRY(add_change(b, &change[at++].change));
		else
			TRY(ranges_builder_add(b, &r));
	}
	for (; at < n; at++)
		TRY(add_change(b, &change[at].change));
	return OK;
}

result feed_merge(struct feed *f)
{
	struct ranges_builder *b = NULL;
	struct feed_block ranges = {.fd = -1};
	struct numbered *change = memory_array(f->logged + 1, sizeof(*change));
	REQUIRE(change != NULL, E_NO_MEMORY);
	result r = ranges_builder_new(&b, ranges_count(f->ranges.at) + f->logged);
	if (is_ok(r))
		r = merge_into(f, change, b);
	memory_free(change);
	if (is_ok(r))
		r = ranges_block(b, &ranges);
	ranges_builder_free(b);
	TRY(r);
	feed_serve(f, f->names, &ranges, &f->groups, f->remembered);
	log_write(LOG_LEVEL_NOTICE, "registry.merged", LOG_NUM("ranges", ranges_count(f->ranges.at)), LOG_NUM("epoch", f->epoch));
	return OK;
}
