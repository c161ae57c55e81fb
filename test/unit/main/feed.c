// SPDX-License-Identifier: Apache-2.0
// From a real database to a real client, over a channel: everything, changes in order, a consumer that comes back while the database
// hangs (LUF-A2), a cache that is not ours or no file at all (LUF-I3), blocks that could be changed under us.
#include "../../threat/store_threat.h"

#include "main/feed_inside.h"
#include "main/ldr_client.h"

#include "base/clock.h"
#include "net/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct world {
	struct threat_store t;
	struct feed_config config;
	struct feed *feed;
	struct ldr_client client, former[4]; // of processes that are gone
	uint32_t formers;
	int channel[2];
	uint32_t used; // sets that the client took
	char cache[128];
	uint64_t now_us;
};

static struct world *kept[16]; // a client has no end: it lives as long as its process
static uint32_t worlds;

static result use_h(void *ctx, const struct ldr_set *set)
{
	struct world *w = ctx;
	assert_non_null(set->ldr.ranges);
	w->used++;
	return OK;
}

static void connect_client(struct world *w)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, w->channel), 0);
	w->config.consumer[0] = w->channel[1];
	w->former[w->formers++] = w->client;
	ldr_client_begin(&w->client, w->channel[0], use_h, w);
}

static struct world *world(void)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	threat_store_open(&w->t);
	kept[worlds++] = w;
	snprintf(w->cache, sizeof(w->cache), "%s/registry.cache", w->t.folder);
	w->config = (struct feed_config){.uri = w->t.uri, .cache = w->cache, .key = {1, 2, 3}, .consumer = {-1, -1}};
	w->now_us = 1000000;
	connect_client(w);
	assert_true(is_ok(feed_new(&w->feed, &w->config)));
	return w;
}

static void remove_folder(const struct world *w)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", w->t.folder);
	assert_int_equal(system(command), 0);
}

static void end(struct world *w)
{
	feed_free(w->feed);
	close(w->channel[0]);
	close(w->channel[1]);
	store_close(w->t.s);
	remove_folder(w);
}

static void turn(struct world *w)
{
	w->now_us += 60000ull * MS;
	feed_turn(w->feed, w->now_us);
	assert_true(is_ok(ldr_client_receive(&w->client)));
}

static bool finds(const struct world *w, const char *prefix)
{
	const struct ldr *l = ldr_client_ldr(&w->client);
	struct ldr_found found;
	return l != NULL && ldr_find(l, prefix, &found) && found.digits == strlen(prefix) - 1;
}

static void add(struct world *w, const char *prefix)
{
	struct row r = threat_store_row(ROW_RANGE, prefix, "0", "a", "a");
	assert_true(threat_store_change(&w->t, &r));
}

static void everything_then_changes_in_order(void **state)
{
	struct world *w = world();
	(void)state;
	turn(w);
	assert_int_equal(w->used, 1);
	assert_true(finds(w, "+49"));
	assert_false(finds(w, "+4930"));
	uint32_t epoch = ldr_client_ldr(&w->client)->epoch;
	for (uint32_t i = 0; i < 20; i++) {
		char prefix[16];
		snprintf(prefix, sizeof(prefix), "+4930%02u", i);
		add(w, prefix);
		turn(w);
		assert_true(finds(w, prefix));
	}
	assert_true(ldr_client_ldr(&w->client)->epoch >= epoch);
	end(w);
}

// A message is lost: the client sees that one is missing, and asks for everything.
static void a_gap_is_asked_for_again(void **state)
{
	struct world *w = world();
	struct ipc_ldr m;
	(void)state;
	w->config.cache = "";
	feed_free(w->feed);
	assert_true(is_ok(feed_new(&w->feed, &w->config)));
	turn(w);
	add(w, "+4931");
	feed_turn(w->feed, w->now_us += 200 * MS);
	assert_true(recv(w->channel[0], &m, sizeof(m), MSG_DONTWAIT) > 0); // lost
	assert_int_equal(m.type, IPC_LDR_CHANGED);
	add(w, "+4932");
	turn(w);
	assert_false(finds(w, "+4932")); // out of order: not taken
	turn(w);
	assert_true(finds(w, "+4931") && finds(w, "+4932"));
	end(w);
}

// A consumer that was taken over asks without end: one turn hears a few of it, and goes on to the others (LUF-A1).
static void one_who_asks_without_end_is_heard_in_turns(void **state)
{
	struct world *w = world();
	const struct ipc_ldr want = {.version = IPC_LDR_VERSION, .type = IPC_LDR_WANT};
	struct ipc_ldr m;
	uint32_t asked = 0;
	(void)state;
	turn(w);
	while (is_ok(channel_put(w->channel[0], &want, sizeof(want), NULL, 0)))
		asked++;
	assert_true(asked > 16);
	feed_send(w->feed);
	assert_true(recv(w->channel[1], &m, sizeof(m), MSG_DONTWAIT) > 0); // some are left for the next turn
	end(w);
}

// Somebody cuts the newest change set off the journal and writes others behind: what was cut off is not served on (LUF-I3).
static void a_journal_that_was_cut_is_read_anew(void **state)
{
	struct world *w = world();
	(void)state;
	w->config.cache = "";
	feed_free(w->feed);
	assert_true(is_ok(feed_new(&w->feed, &w->config)));
	add(w, "+4930");
	turn(w);
	assert_true(finds(w, "+4930"));
	threat_store_tamper(&w->t, "DELETE FROM range WHERE prefix = '+4930'; DELETE FROM change_set WHERE number = (SELECT max(number) FROM change_set)");
	add(w, "+4931"); // gets the number of the one that was cut off
	add(w, "+4932");
	turn(w);
	assert_true(finds(w, "+4931") && finds(w, "+4932"));
	assert_false(finds(w, "+4930"));
	threat_store_tamper(&w->t, "DELETE FROM range WHERE prefix = '+4932'; UPDATE change_set SET hash = replace(replace(hash, '1', '2'), '3', '4') "
		"WHERE number = (SELECT max(number) FROM change_set)");
	store_close(w->feed->store); // the database comes back as another one, with the same number
	w->feed->store = NULL;
	turn(w);
	assert_false(finds(w, "+4932"));
	end(w);
}

// Nothing in it yet, opened twice: no change set is asked for that there is not.
static void an_empty_database_is_no_fault(void **state)
{
	struct world *w = world();
	(void)state;
	snprintf(w->t.uri, sizeof(w->t.uri), "sqlite:%s/empty", w->t.folder);
	turn(w);
	assert_non_null(w->feed->store);
	store_close(w->feed->store);
	w->feed->store = NULL;
	turn(w);
	assert_non_null(w->feed->store);
	assert_int_equal(w->used, 1);
	end(w);
}

// What the sender could still change is not taken: checked once, it would be something else later.
static void an_unsealed_block_is_refused(void **state)
{
	struct world *w = world();
	(void)state;
	turn(w);
	assert_int_equal(w->used, 1);
	int fds[2];
	for (int i = 0; i < 2; i++) {
		const struct feed_block *b = i == 0 ? &w->feed->ranges : &w->feed->groups;
		fds[i] = memfd_create("open", MFD_ALLOW_SEALING);
		assert_int_equal(write(fds[i], b->at, b->size), (ssize_t)b->size);
	}
	struct ipc_ldr m = {.version = IPC_LDR_VERSION, .type = IPC_LDR_BASE, .epoch = 9};
	for (int sealed = 0; sealed < 2; sealed++) {
		for (int i = 0; sealed && i < 2; i++)
			assert_int_equal(fcntl(fds[i], F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
		assert_true(is_ok(channel_put(w->channel[1], &m, sizeof(m), fds, 2)));
		assert_true(is_ok(ldr_client_receive(&w->client)));
		assert_int_equal(w->used, 1u + (uint32_t)sealed);
	}
	close(fds[0]);
	close(fds[1]);
	end(w);
}

static result restart(struct world *w)
{
	feed_free(w->feed);
	assert_true(is_ok(feed_new(&w->feed, &w->config)));
	return feed_cache_read(w->feed);
}

static void patch(const struct world *w, long at, const char *octets)
{
	FILE *f = fopen(w->cache, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
	assert_true(fputs(octets, f) >= 0);
	fclose(f);
}

static void the_cache_is_ours_or_none(void **state)
{
	struct world *w = world();
	(void)state;
	turn(w);
	turn(w);
	assert_true(is_ok(restart(w)));
	assert_int_equal(w->feed->epoch, 1);
	w->config.key[0]++; // somebody else's
	assert_int_equal(restart(w).error, E_FORGED);
	assert_int_equal(w->feed->epoch, 0);
	w->config.key[0]--;
	patch(w, -2, "x");
	assert_int_equal(restart(w).error, E_FORGED);
	assert_int_equal(truncate(w->cache, 20), 0);
	assert_int_equal(restart(w).error, E_FORGED);
	assert_int_equal(truncate(w->cache, 5ll << 30), 0); // sparse: not read into memory
	assert_int_equal(restart(w).error, E_FORGED);
	assert_int_equal(unlink(w->cache), 0);
	assert_int_equal(restart(w).error, E_NOT_FOUND);
	alarm(20); // a pipe that nobody writes to would hold us for ever
	assert_int_equal(mkfifo(w->cache, 0600), 0);
	assert_int_equal(restart(w).error, E_FORGED);
	assert_int_equal(unlink(w->cache), 0);
	assert_int_equal(symlink("/etc/passwd", w->cache), 0);
	assert_int_equal(restart(w).error, E_FORGED);
	alarm(0);
	end(w);
}

// Lengths that we did not write are not believed: else a small file full of nothing takes 4 GiB of memory at each start (LUF-A1).
static void lengths_of_a_stranger_take_no_memory(void **state)
{
	enum { CLAIMED = 1 << 30, MOST = 64 << 20 };
	struct world *w = world();
	struct rlimit before, low = {MOST, MOST};
	const uint64_t claimed = CLAIMED;
	struct stat st;
	(void)state;
	turn(w);
	turn(w);
	assert_int_equal(stat(w->cache, &st), 0);
	int fd = open(w->cache, O_RDWR);
	uint64_t ranges;
	assert_int_equal(pread(fd, &ranges, sizeof(ranges), 8), sizeof(ranges)); // behind magic and version
	assert_int_equal(pwrite(fd, &claimed, sizeof(claimed), 8), sizeof(claimed));
	assert_int_equal(ftruncate(fd, (off_t)((uint64_t)st.st_size - ranges + claimed)), 0);
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0); // a memfd that were made so large fails in another way
	low.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	result r = restart(w);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(r.error, E_FORGED);
	end(w);
}

// The directory is started again and the database hangs: the cache is older than what the signaller has, and does not replace it
// (LUF-I3). What the database says then follows.
static void an_older_cache_replaces_nothing(void **state)
{
	struct world *w = world();
	(void)state;
	turn(w); // and the cache is written
	add(w, "+4930");
	feed_turn(w->feed, w->now_us += 200 * MS);
	assert_true(is_ok(ldr_client_receive(&w->client)));
	assert_true(finds(w, "+4930"));
	assert_true(is_ok(restart(w)));
	feed_send(w->feed);
	assert_true(is_ok(ldr_client_receive(&w->client)));
	assert_true(finds(w, "+4930"));
	add(w, "+4931");
	for (int i = 0; i < 2; i++) { // the first brings a change of what the client has not taken; it asks for everything
		feed_turn(w->feed, w->now_us += 200 * MS);
		assert_true(is_ok(ldr_client_receive(&w->client)));
	}
	assert_true(finds(w, "+4930") && finds(w, "+4931"));
	assert_false(w->client.behind);
	end(w);
}

// The database is locked for longer than anybody waits; a signaller that was started again has its blocks all the same.
static void a_hung_database_holds_up_nobody(void **state)
{
	struct world *w = world();
	sqlite3 *other;
	(void)state;
	turn(w);
	turn(w); // the cache is written
	close(w->channel[0]);
	close(w->channel[1]);
	store_close(w->t.s);
	w->t.s = NULL;
	feed_free(w->feed);
	w->feed = NULL;
	assert_int_equal(sqlite3_open(w->t.path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; INSERT INTO peer VALUES('x', '')", NULL, NULL, NULL),
		SQLITE_OK);
	connect_client(w);
	assert_true(is_ok(feed_start(&w->config)));
	for (int again = 0; again < 2; again++) {
		uint64_t until = clock_now().mono_us + (STORE_BUSY_MS - 1000) * MS;
		struct pollfd p = {.fd = w->channel[0], .events = POLLIN};
		while (w->used < 2 + (uint32_t)again && clock_now().mono_us < until) {
			poll(&p, 1, 100);
			assert_true(is_ok(ldr_client_receive(&w->client)));
		}
		assert_int_equal(w->used, 2 + again);
		w->former[w->formers++ % ARRAY_LEN(w->former)] = w->client;
		ldr_client_begin(&w->client, w->channel[0], use_h, w); // a new process: it knows nothing
	}
	remove_folder(w); // while the lock is held: the threads go on until the process ends, and make no file meanwhile
	sqlite3_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(everything_then_changes_in_order), cmocka_unit_test(a_gap_is_asked_for_again),
		cmocka_unit_test(one_who_asks_without_end_is_heard_in_turns),
		cmocka_unit_test(a_journal_that_was_cut_is_read_anew),
		cmocka_unit_test(an_empty_database_is_no_fault), cmocka_unit_test(an_unsealed_block_is_refused), cmocka_unit_test(the_cache_is_ours_or_none),
		cmocka_unit_test(lengths_of_a_stranger_take_no_memory),
		cmocka_unit_test(an_older_cache_replaces_nothing), cmocka_unit_test(a_hung_database_holds_up_nobody)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
