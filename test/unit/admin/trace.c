// SPDX-License-Identifier: Apache-2.0
// Listening in and looking on: traces (redacted, bounded, journalled: BE-1, BE-3) and the metrics endpoint (BE-5).
#include "rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void traced(struct rig *r, const char *message)
{
	memset(r->out, 0, IPC_ADMIN_HEAD + sizeof(struct ipc_admin_traced) - IPC_ADMIN_OCTETS_MAX);
	assert_ok(address_parse(BYTES("192.0.2.1:5061"), &r->out->u.traced.from));
	assert_ok(address_parse(BYTES("192.0.2.2:5061"), &r->out->u.traced.to));
	r->out->u.traced.len = (uint32_t)strlen(message);
	memcpy(r->out->u.traced.octets, message, strlen(message));
	rig_send(r, IPC_ADMIN_TRACED, 0, offsetof(struct ipc_admin_traced, octets) + strlen(message));
}

static void a_trace_is_redacted_bounded_and_journalled(void **state)
{
	struct rig *r = *state;
	char text[8192];
	int fd = rig_connect(r);
	assert_true(send(fd, POST("/trace?peer=ssp-b&seconds=5"), strlen(POST("/trace?peer=ssp-b&seconds=5")), 0) > 0);
	rig_turn(r, 50);
	assert_int_equal(r->last->type, IPC_ADMIN_TRACE);
	assert_int_equal(r->last->flag, 1);
	assert_int_equal(r->last->peer, 0);
	traced(r, "INVITE sip:x SIP/2.0\r\nAuthorization: Digest topsecret\r\n\r\na=crypto:1 S inline:topsecret\r\n");
	rig_turn(r, 20);
	rig_ask(r, POST("/trace?peer=ssp-b"));
	assert_int_equal(rig_status(r), 409); // one at a time
	rig_offset_us = 6 * SECOND;
	rig_ask(r, GET("/version"));
	rig_exchange(r, fd, "", 0);
	assert_int_equal(rig_status(r), 200);
	assert_non_null(memmem(r->answer, r->answer_len, "INVITE sip:x", 12));
	assert_null(memmem(r->answer, r->answer_len, "topsecret", 9));
	assert_non_null(memmem(r->answer, r->answer_len, "\x0a\x0d\x0d\x0a", 4));
	assert_int_equal(r->last->flag, 0); // the filter is off again
	rig_file(r, "audit.jsonl", text, sizeof(text));
	assert_non_null(strstr(text, "\"action\":\"trace\",\"target\":\"peer ssp-b\",\"outcome\":\"begins\""));
	assert_non_null(strstr(text, "time reached: 1 messages, 2 secrets redacted"));
}

static void a_trace_goes_to_a_bounded_file(void **state)
{
	struct rig *r = *state;
	char text[8192];
	rig_ask(r, POST("/trace?call=abc%40x&to=file&octets=300"));
	assert_int_equal(rig_status(r), 200);
	assert_int_equal(r->last->peer, PEER_NONE);
	assert_string_equal(r->last->u.key, "abc@x");
	traced(r, "INVITE sip:x SIP/2.0\r\n\r\n");
	traced(r, "INVITE sip:y SIP/2.0\r\n\r\n");
	traced(r, "INVITE sip:z SIP/2.0\r\n\r\n");
	rig_turn(r, 30);
	rig_file(r, "audit.jsonl", text, sizeof(text));
	assert_non_null(strstr(text, "size reached"));
	FILE *f = fopen((rig_file(r, "trace-1.pcapng", text, sizeof(text)), r->path), "rb");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_true(n > 100 && n <= 300);
	assert_non_null(memmem(text, n, "sip:y", 5));
	assert_null(memmem(text, n, "sip:z", 5));
}

static void a_trace_can_be_stopped(void **state)
{
	struct rig *r = *state;
	rig_ask(r, POST("/trace/stop"));
	assert_int_equal(rig_status(r), 404);
	rig_ask(r, POST("/trace?peer=ssp-b&to=file"));
	assert_int_equal(rig_status(r), 200);
	rig_ask(r, POST("/trace/stop"));
	assert_int_equal(rig_status(r), 200);
	rig_turn(r, 20);
	assert_int_equal(r->last->type, IPC_ADMIN_TRACE);
	assert_int_equal(r->last->flag, 0);
	rig_ask(r, POST("/trace?peer=ssp-b&to=file"));
	assert_int_equal(rig_status(r), 200);
}

static void nobody_traces_without_a_journal(void **state)
{
	struct rig *r = *state;
	uint32_t asked = r->questions[IPC_ADMIN_TRACE];
	r->journal_fails = true;
	rig_ask(r, POST("/trace?peer=ssp-b"));
	assert_int_equal(rig_status(r), 503);
	assert_int_equal(r->questions[IPC_ADMIN_TRACE], asked);
	rig_ask(r, POST("/hangup/x")); // a change goes on: it stands in the log
	assert_int_equal(rig_status(r), 200);
}

static int metrics_connect(struct rig *r)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(r->metrics_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

static void metrics(void **state)
{
	struct rig *r = *state;
	const char *text = rig_exchange(r, metrics_connect(r), GET("/metrics"), strlen(GET("/metrics")));
	assert_non_null(strstr(text, "200 OK"));
	assert_non_null(strstr(text, "\nsallyport_net_udp_sent_total 11\n"));
	assert_non_null(strstr(text, "\nsallyport_step_total{id=\"1\",step=\"rate\",verdict=\"refused\"} 1\n"));
	assert_non_null(strstr(text, "\nsallyport_alarm_total{alarm=\"evil\\\"}\\n x 1\"} 2\n")); // one line
	assert_non_null(strstr(text, "\nsallyport_peer_refused_total{peer=\"ssp-b\",step=\"rate\"} 3\n"));
	assert_non_null(strstr(text, "\nsallyport_peer_media_packets_total{peer=\"ssp-b\"} 1000\n"));
	assert_non_null(strstr(text, "\nsallyport_peer_media_dropped_total{peer=\"ssp-b\",gate=\"auth\"} 12\n"));
	assert_non_null(strstr(text, "\n# TYPE sallyport_media_refused_total counter\n"
		"sallyport_media_refused_total{gate=\"source\"} 4\nsallyport_media_refused_total{gate=\"replay\"} 5\n"));
	assert_non_null(strstr(text, "\n# TYPE sallyport_media_sessions_now gauge\nsallyport_media_sessions_now 2\n"));
	assert_non_null(strstr(text, "\nsallyport_process_restarts_total{process=\"media\"} 2\n"));
	assert_non_null(strstr(text, "\nsallyport_peer_control{peer=\"ssp-b\",control=\"srtp\",state=\"waived\"} 1\n"));
	rig_exchange(r, metrics_connect(r), GET("/status"), strlen(GET("/status")));
	assert_int_equal(rig_status(r), 404); // nothing else is served there
	rig_exchange(r, metrics_connect(r), POST("/reload"), strlen(POST("/reload")));
	assert_int_equal(rig_status(r), 404);
}

static void metrics_connections_are_bounded(void **state)
{
	struct rig *r = *state;
	int fd[8];
	char head[5000];
	memset(head, 'A', sizeof(head));
	for (int i = 0; i < 8; i++)
		fd[i] = metrics_connect(r);
	rig_turn(r, 20);
	rig_exchange(r, metrics_connect(r), GET("/metrics"), strlen(GET("/metrics")));
	assert_int_equal(rig_status(r), 0); // the ninth is closed
	close(fd[0]);
	rig_turn(r, 20);
	rig_exchange(r, metrics_connect(r), head, sizeof(head)); // a head without end
	assert_int_equal(rig_status(r), 0);
	rig_exchange(r, metrics_connect(r), GET("/metrics"), strlen(GET("/metrics")));
	assert_int_equal(rig_status(r), 200);
	for (int i = 1; i < 8; i++)
		close(fd[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(a_trace_is_redacted_bounded_and_journalled),
		WITH_RIG(a_trace_goes_to_a_bounded_file),
		WITH_RIG(a_trace_can_be_stopped),
		WITH_RIG(nobody_traces_without_a_journal),
		WITH_RIG(metrics),
		WITH_RIG(metrics_connections_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
