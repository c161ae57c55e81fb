// SPDX-License-Identifier: Apache-2.0
// A primary that does not answer, closes, or answers something else. Whole conversations with a real one are in test/interop.
#include "unit.h"

#include "base/clock.h"
#include "publish/session.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static int listen_at(struct address *out)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_ok(address_parse_host(BYTES("127.0.0.1"), 0, out));
	len = address_to_sockaddr(out, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	len = sizeof(ss);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_ok(address_from_sockaddr((struct sockaddr *)&ss, len, out));
	return fd;
}

static struct publish_server server_at(const struct address *a, uint32_t timeout_ms)
{
	struct publish_server s = {.address = *a, .key = {.name = "publish.example", .secret = SECRET}, .update_timeout_ms = timeout_ms,
		.transfer_timeout_ms = timeout_ms};
	return s;
}

static enum publish_trouble transfer(const struct publish_server *s)
{
	struct publish_fault why = {0};
	ldns_rr_list *held = NULL;
	result r = publish_transfer(s, "e164.example", &held, &why);
	assert_false(is_ok(r));
	assert_null(held);
	assert_true(why.text[0] != '\0');
	return why.what;
}

static void nobody_there(void **state)
{
	struct address a;
	int fd = listen_at(&a);
	struct publish_server s = server_at(&a, 2000);
	(void)state;
	close(fd);
	assert_int_equal(transfer(&s), PUBLISH_UNREACHABLE);
}

static void silence(void **state)
{
	struct address a;
	int fd = listen_at(&a);
	struct publish_server s = server_at(&a, 150);
	uint64_t begin = clock_now().mono_us;
	(void)state;
	assert_int_equal(transfer(&s), PUBLISH_TIMEOUT);
	assert_true(clock_now().mono_us - begin >= 150000);
	close(fd);
}

// A child that takes one connection and answers with these octets, then closes.
static pid_t answer_with(int fd, const void *octets, size_t len)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child > 0)
		return child;
	uint8_t question[2048];
	int c = accept(fd, NULL, NULL);
	// The whole of it: a connection that is closed with octets unread is reset, and the answer may be lost.
	ssize_t n = c >= 0 ? recv(c, question, 2, MSG_WAITALL) : -1;
	if (n == 2)
		n = recv(c, question, (size_t)(question[0] << 8 | question[1]) % sizeof(question), MSG_WAITALL);
	if (n > 0)
		n = send(c, octets, len, MSG_NOSIGNAL);
	_exit(n >= 0 ? 0 : 1);
}

static void other_answers(void **state)
{
	static const uint8_t nothing[] = {0}, half[] = {0, 20, 1, 2}, noise[] = {0, 4, 1, 2, 3, 4}, empty[] = {0, 0};
	uint8_t other[2 + 12] = {0, 12, 0, 1, 0x84}; // an answer, to another question
	const struct {
		const uint8_t *octets;
		size_t len;
		enum publish_trouble trouble;
	} rows[] = {
		{nothing, 0, PUBLISH_GONE}, {nothing, 1, PUBLISH_TRUNCATED}, {half, sizeof(half), PUBLISH_TRUNCATED},
		{noise, sizeof(noise), PUBLISH_MALFORMED}, {empty, sizeof(empty), PUBLISH_MALFORMED}, {other, sizeof(other), PUBLISH_MALFORMED},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct address a;
		int fd = listen_at(&a), status;
		struct publish_server s = server_at(&a, 5000);
		pid_t child = answer_with(fd, rows[i].octets, rows[i].len);
		enum publish_trouble t = transfer(&s);
		assert_int_equal(waitpid(child, &status, 0), child);
		close(fd);
		assert_int_equal(t, rows[i].trouble);
	}
}

static void answer_codes(void **state)
{
	static const struct {
		uint8_t rcode;
		enum publish_trouble trouble;
	} rows[] = {{LDNS_RCODE_NOERROR, PUBLISH_FINE}, {LDNS_RCODE_FORMERR, PUBLISH_MALFORMED}, {LDNS_RCODE_SERVFAIL, PUBLISH_SERVER},
		{LDNS_RCODE_NXDOMAIN, PUBLISH_CONFLICT}, {LDNS_RCODE_NOTIMPL, PUBLISH_REFUSED}, {LDNS_RCODE_REFUSED, PUBLISH_REFUSED},
		{LDNS_RCODE_YXDOMAIN, PUBLISH_CONFLICT}, {LDNS_RCODE_YXRRSET, PUBLISH_CONFLICT}, {LDNS_RCODE_NXRRSET, PUBLISH_CONFLICT},
		{LDNS_RCODE_NOTAUTH, PUBLISH_NOT_AUTHORITATIVE}, {LDNS_RCODE_NOTZONE, PUBLISH_NOT_AUTHORITATIVE}, {255, PUBLISH_MALFORMED}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(publish_rcode_trouble(rows[i].rcode), rows[i].trouble);
}

static void troubles_have_words(void **state)
{
	(void)state;
	for (uint32_t t = PUBLISH_UNREACHABLE; t < PUBLISH_TROUBLES; t++) {
		struct publish_fault f;
		assert_false(is_ok(publish_fail(&f, (enum publish_trouble)t, "192.0.2.1:53")));
		assert_true(strncmp(f.text, "192.0.2.1:53: ", 14) == 0 && f.text[14] != '\0');
		assert_true(publish_trouble_name((enum publish_trouble)t)[0] != '\0');
		assert_true(strlen(f.text) < PUBLISH_FAULT_MAX - 1);
	}
	assert_string_equal(publish_trouble_name(PUBLISH_TROUBLES), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(silence),
		cmocka_unit_test(other_answers),
		cmocka_unit_test(answer_codes),
		cmocka_unit_test(troubles_have_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
