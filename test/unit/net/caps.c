// SPDX-License-Identifier: Apache-2.0
// Small parts: caps, the directory of connections, waiting octets, the snapshot holder, counter names.
#include "fixture.h"

#include "base/memory.h"
#include "net/caps.h"
#include "net/directory.h"
#include "net/octets.h"

#include <unistd.h>

static void caps(void **state)
{
	struct caps *c;
	UNUSED(state);
	assert_int_equal(caps_new(&c, 0, 1).error, E_CONFIG);
	assert_int_equal(caps_new(&c, 1, 0).error, E_CONFIG);
	assert_true(is_ok(caps_new(&c, 3, 2)));
	struct address a = fixture_address("2001:db8::1", 1), b = fixture_address("2001:db8::2", 1);
	struct address other = fixture_address("2001:db8:0:1::1", 1), v4 = fixture_address("192.0.2.1", 1);
	assert_true(is_ok(caps_take(c, &a)));
	assert_true(is_ok(caps_take(c, &b)));
	assert_int_equal(caps_take(c, &a).error, E_TOO_MANY); // one host has all of a /64
	assert_true(is_ok(caps_take(c, &other)));
	assert_int_equal(caps_take(c, &v4).error, E_FULL);
	caps_give(c, &b);
	caps_give(c, &v4); // never taken: nothing happens
	assert_int_equal(caps_count(c), 2);
	assert_true(is_ok(caps_take(c, &v4)));
	caps_free(c);
	for (uint64_t nth = 1; nth < 20; nth++) {
		memory_fail_nth(nth);
		result r = caps_new(&c, 3, 2);
		memory_fail_nth(0);
		if (is_ok(r))
			break;
		assert_int_equal(r.error, E_NO_MEMORY);
	}
	caps_free(c);
}

static void directory(void **state)
{
	struct directory *d;
	uint32_t slot[3];
	struct directory_entry e = {TRANSPORT_TLS, 1, 5, fixture_address("127.0.0.1", 5061), {7, 1, 0}, false};
	struct directory_entry other = e;
	UNUSED(state);
	assert_true(is_ok(directory_new(&d, 2)));
	assert_int_equal(directory_find(d, &e, DIRECTORY_ANY).generation, 0);
	uint64_t version = directory_version(d);
	assert_true(is_ok(directory_put(d, &e, &slot[0])));
	assert_true(directory_version(d) > version);
	other.remote.port = 9;
	other.peer = 5 + 1024; // the same chain
	other.conn.id = 8;
	assert_true(is_ok(directory_put(d, &other, &slot[1])));
	assert_int_equal(directory_put(d, &other, &slot[2]).error, E_FULL);
	assert_int_equal(slot[2], DIRECTORY_NONE);
	assert_int_equal(directory_find(d, &e, DIRECTORY_HOST).id, 7);
	struct directory_entry want = e;
	want.remote.port = 1;
	assert_int_equal(directory_find(d, &want, DIRECTORY_HOST).generation, 0); // dialled, to another port
	assert_int_equal(directory_find(d, &want, DIRECTORY_ANY).id, 7);
	want.peer = 6; // another peer's connection is never found
	assert_int_equal(directory_find(d, &want, DIRECTORY_ANY).generation, 0);
	want = e;
	want.listener = 2;
	assert_int_equal(directory_find(d, &want, DIRECTORY_ANY).generation, 0);
	want = e;
	want.transport = TRANSPORT_TCP;
	assert_int_equal(directory_find(d, &want, DIRECTORY_ANY).generation, 0);
	directory_remove(d, slot[0]);
	directory_remove(d, slot[0]); // twice is harmless
	directory_remove(d, DIRECTORY_NONE);
	assert_int_equal(directory_find(d, &e, DIRECTORY_ANY).generation, 0);
	assert_int_equal(directory_find(d, &other, DIRECTORY_ANY).id, 8);
	assert_true(is_ok(directory_put(d, &e, &slot[0])));
	directory_free(d);
}

// Of several connections to a peer the one that fits best, whatever the order in which they came.
static void directory_prefers(void **state)
{
	struct directory *d;
	uint32_t slot[3];
	const struct directory_entry came = {TRANSPORT_TLS, 1, 5, fixture_address("127.0.0.1", 40000), {1, 1, 0}, true};
	const struct directory_entry exact = {TRANSPORT_TLS, 1, 5, fixture_address("127.0.0.1", 5061), {2, 1, 0}, false};
	const struct directory_entry far = {TRANSPORT_TLS, 1, 5, fixture_address("127.0.0.2", 5061), {3, 1, 0}, false};
	UNUSED(state);
	for (int turned = 0; turned < 2; turned++) {
		assert_true(is_ok(directory_new(&d, 3)));
		assert_true(is_ok(directory_put(d, turned ? &exact : &came, &slot[turned ? 1 : 0])));
		assert_true(is_ok(directory_put(d, &far, &slot[2])));
		assert_true(is_ok(directory_put(d, turned ? &came : &exact, &slot[turned ? 0 : 1])));
		assert_int_equal(directory_find(d, &exact, DIRECTORY_ANY).id, 2);
		assert_int_equal(directory_find(d, &exact, DIRECTORY_HOST).id, 2);
		assert_int_equal(directory_find(d, &exact, DIRECTORY_EXACT).id, 2);
		directory_remove(d, slot[1]);
		assert_int_equal(directory_find(d, &exact, DIRECTORY_ANY).id, 1);
		assert_int_equal(directory_find(d, &exact, DIRECTORY_HOST).id, 1);
		assert_int_equal(directory_find(d, &exact, DIRECTORY_EXACT).generation, 0);
		directory_remove(d, slot[0]);
		assert_int_equal(directory_find(d, &exact, DIRECTORY_HOST).generation, 0);
		assert_int_equal(directory_find(d, &exact, DIRECTORY_ANY).id, 3);
		directory_free(d);
	}
}

static void waiting_octets(void **state)
{
	struct octets o = {0};
	uint8_t block[3000], back[6000];
	int fd[2];
	uint32_t sent;
	UNUSED(state);
	memset(block, 1, sizeof(block));
	assert_true(is_ok(octets_put(&o, bytes_make(block, 3000), 6000)));
	octets_drop(&o, 2999);
	memset(block, 2, sizeof(block));
	assert_true(is_ok(octets_put(&o, bytes_make(block, 3000), 6000))); // moved to the front, not grown
	assert_int_equal(o.size, 4096);
	assert_true(is_ok(octets_put(&o, bytes_make(block, 2999), 6000)));
	assert_int_equal(octets_put(&o, bytes_make(block, 1), 6000).error, E_FULL);
	memory_fail_nth(1);
	assert_int_equal(octets_put(&o, bytes_make(block, 3000), 60000).error, E_NO_MEMORY);
	memory_fail_nth(0);
	assert_int_equal(octets_len(&o), 6000);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_true(is_ok(octets_send(&o, fd[0], &sent)));
	assert_int_equal(sent, 6000);
	assert_true(fixture_read(fd[1], back, 6000));
	assert_int_equal(back[0], 1);
	assert_int_equal(back[1], 2);
	close(fd[1]);
	assert_true(is_ok(octets_put(&o, bytes_make(block, 1), 10)));
	assert_int_equal(octets_send(&o, fd[0], &sent).error, E_CLOSED);
	close(fd[0]);
	octets_free(&o);
}

struct reading {
	struct holder *holder;
	_Atomic bool stop;
	_Atomic uint64_t reads;
	_Atomic bool torn;
};

static void *read_all(void *arg)
{
	struct reading *r = arg;
	holder_thread_begin();
	while (!atomic_load(&r->stop)) {
		holder_read_begin();
		const volatile uint64_t *v = (const volatile uint64_t *)(void *)holder_get(r->holder);
		if (v != NULL && v[0] != v[1])
			atomic_store(&r->torn, true);
		holder_read_end(r->holder);
		atomic_fetch_add(&r->reads, 1);
	}
	holder_thread_end();
	return NULL;
}

static void swapped_under_readers(void **state)
{
	struct holder h = {NULL};
	struct reading r = {.holder = &h};
	pthread_t t[2];
	UNUSED(state);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, read_all, &r), 0);
	for (uint32_t i = 0; i < 5000 && atomic_load(&r.reads) < 2; i++)
		usleep(1000);
	for (uint64_t i = 1; i <= 200; i++) {
		uint64_t *v = memory_alloc(2 * sizeof(*v));
		assert_non_null(v);
		v[0] = v[1] = i;
		uint64_t *old = (uint64_t *)(void *)holder_swap(&h, (struct registry *)(void *)v);
		if (old != NULL)
			old[0] = 0; // whoever still reads it is found out
		memory_free(old);
	}
	atomic_store(&r.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_false(atomic_load(&r.torn));
	assert_true(atomic_load(&r.reads) > 0);
	memory_free(holder_swap(&h, NULL));
}

static void every_counter_has_a_name(void **state)
{
	UNUSED(state);
	for (uint32_t k = 0; k < NET_COUNTER_COUNT; k++)
		assert_true(strlen(net_counter_name((enum net_counter)k)) > 3);
	assert_string_equal(net_counter_name(NET_TLS_EXPIRED), "tls_expired");
	assert_string_equal(net_counter_name(NET_COUNTER_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caps),
		cmocka_unit_test(directory),
		cmocka_unit_test(directory_prefers),
		cmocka_unit_test(waiting_octets),
		cmocka_unit_test(swapped_under_readers),
		cmocka_unit_test(every_counter_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
