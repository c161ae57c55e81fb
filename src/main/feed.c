// SPDX-License-Identifier: Apache-2.0
// Two threads: one waits for the database, turn by turn; the other serves the consumers meanwhile.
#include "main/feed_inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

result feed_new(struct feed **out, const struct feed_config *config)
{
	struct feed *f = memory_alloc(sizeof(*f));
	REQUIRE(f != NULL, E_NO_MEMORY);
	f->config = *config;
	pthread_mutex_init(&f->lock, NULL); // cannot fail without attributes
	f->ranges.fd = f->groups.fd = -1;
	f->log = memory_array(OVERLAY_MAX, sizeof(*f->log));
	for (uint32_t i = 0; i < FEED_CONSUMERS; i++)
		f->consumer[i].fd = config->consumer[i];
	if (f->log == NULL) {
		feed_free(f);
		return FAIL(E_NO_MEMORY);
	}
	*out = f;
	return OK;
}

void feed_free(struct feed *f)
{
	if (f == NULL)
		return;
	store_close(f->store);
	group_names_free(f->names);
	feed_block_free(&f->ranges);
	feed_block_free(&f->groups);
	memory_free(f->log);
	memory_wipe(f->config.key, sizeof(f->config.key));
	pthread_mutex_destroy(&f->lock);
	memory_free(f);
}

// ---- the database

// Without it what is served stays.
static void lost(struct feed *f, result r, const struct store_error *why, uint64_t now_us)
{
	store_close(f->store);
	f->store = NULL;
	f->retry_ms = f->retry_ms == 0 ? FEED_RETRY_MIN_MS : f->retry_ms * 2 < FEED_RETRY_MAX_MS ? f->retry_ms * 2 : FEED_RETRY_MAX_MS;
	f->retry_at_us = now_us + f->retry_ms * MS;
	if (!f->told)
		log_write(LOG_LEVEL_ALARM, "registry.lost", LOG_STR("why", error_name(r.error)), LOG_STR("text", why->text),
			LOG_NUM("serving", f->epoch != 0 ? f->seen : 0));
	f->told = true;
}

// An empty database in the place of one that was not: somebody has lost it, and a new one was made. What it held serves on, until it
// is restored; who means it removes the cache too.
static result refuse_empty(struct feed *f, struct store_error *why)
{
	uint64_t newest;
	TRY(store_newest(f->store, &newest, why));
	if (newest > 0 || f->epoch == 0 || f->seen == 0)
		return OK;
	snprintf(why->text, sizeof(why->text), "the database is empty, and was at change set %llu; restore it, or remove %.120s and restart",
		(unsigned long long)f->seen, f->config.cache);
	return FAIL(E_NOT_FOUND);
}

static result open_store(struct feed *f, struct store_error *why)
{
	TRY(store_open(&f->store, f->config.uri, false, why));
	TRY(refuse_empty(f, why));
	return f->epoch != 0 ? feed_follow(f, true, why) : feed_load(f, why); // what the cache says may be a state of this very database
}

static void database(struct feed *f, uint64_t now_us)
{
	struct store_error why = {""};
	bool opening = f->store == NULL;
	if (opening && f->retry_at_us > now_us)
		return;
	result r = opening ? open_store(f, &why) : feed_follow(f, false, &why);
	if (!is_ok(r)) {
		lost(f, r, &why, now_us);
		return;
	}
	if (opening && f->told)
		log_write(LOG_LEVEL_NOTICE, "registry.back", LOG_NUM("change_set", f->seen));
	f->told = false;
	f->retry_ms = 0;
}

// ---- the cache

static void cache(struct feed *f, uint64_t now_us)
{
	if (!f->stale || f->config.cache[0] == '\0' || f->cache_at_us > now_us || f->epoch == 0)
		return;
	uint32_t times = ranges_count(f->ranges.at) > FEED_CACHE_LARGE ? 5 : 1;
	result r = feed_cache_write(f);
	f->cache_at_us = now_us + (uint64_t)times * FEED_CACHE_MS * MS;
	f->stale = !is_ok(r);
	if (!is_ok(r))
		log_write(LOG_LEVEL_ALARM, "registry.cache-not-written", LOG_STR("path", f->config.cache), LOG_STR("why", error_name(r.error)));
}

uint64_t feed_turn(struct feed *f, uint64_t now_us)
{
	database(f, now_us);
	feed_send(f);
	cache(f, now_us);
	feed_send(f); // the cache may have merged
	return now_us + FEED_POLL_MS * MS;
}

static void wait(uint64_t until_us)
{
	uint64_t now = clock_now().mono_us;
	if (until_us > now)
		poll(NULL, 0, (int)((until_us - now) / MS) + 1);
}

void feed_begin(struct feed *f)
{
	if (f->config.cache[0] == '\0')
		return;
	result r = feed_cache_read(f);
	if (is_ok(r))
		log_write(LOG_LEVEL_NOTICE, "registry.from-cache", LOG_NUM("change_set", f->seen), LOG_NUM("ranges", ranges_count(f->ranges.at)));
	else if (r.error != E_NOT_FOUND)
		log_write(LOG_LEVEL_ALARM, "registry.cache-refused", LOG_STR("path", f->config.cache), LOG_STR("why", error_name(r.error)));
	feed_send(f);
}

static void *database_h(void *arg)
{
	for (;;)
		wait(feed_turn(arg, clock_now().mono_us));
	return NULL;
}

static void *consumers_h(void *arg)
{
	for (;;)
		feed_attend(arg);
	return NULL;
}

static bool thread_start(void *(*run)(void *), struct feed *f)
{
	pthread_t thread;
	pthread_attr_t detached;
	return pthread_attr_init(&detached) == 0 && pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) == 0 &&
	       pthread_create(&thread, &detached, run, f) == 0;
}

result feed_start(const struct feed_config *config)
{
	struct feed *f;
	TRY(feed_new(&f, config));
	feed_begin(f);
	if (!thread_start(consumers_h, f)) {
		feed_free(f);
		return FAIL(E_SYSTEM);
	}
	return thread_start(database_h, f) ? OK : FAIL(E_SYSTEM); // the process ends then, and F with it
}
