// SPDX-License-Identifier: Apache-2.0
// Every message of RFC 4475 and RFC 5118 through a whole worker: not only what the parser says of it (wire-sip/torture.c),
// but the answer that its sender gets in the end, and the gate that gave it. The expectations are in torture.tsv beside.
#include "../wire-sip/support.h"

#include "flow_rig.h"

static const char yaml[] =
	"domain: example.com\n"
	"tls: {certificate: sbe.pem, key: sbe.key}\n"
	"listen:\n"
	"  - {name: core, zone: core, sip: [\"udp:10.0.0.1:5060\", \"tcp:10.0.0.1:5060\"], media: \"10.0.0.1:20000-20999\"}\n"
	"  - {name: edge, zone: peering, sip: [\"udp:198.51.100.1:5060\"], media: \"198.51.100.1:40000-40999\"}\n"
	"peers:\n"
	"  - name: softswitch\n"
	"    zone: core\n"
	"    reach: {targets: [\"udp:10.0.0.5:5060\"]}\n"
	"    known_by: {addresses: [10.0.0.0/28]}\n"
	"    numbers: {calls_from: any, calls_to: [\"+4930\"]}\n"
	"    limits: {calls_per_second: 1000, concurrent_calls: 20, messages_per_second: 100000}\n"
	"  - name: clear\n"
	"    zone: peering\n"
	"    reach: {domain: clear.example, targets: [\"udp:198.51.100.9:5060\"]}\n"
	"    known_by: {addresses: [198.51.100.8/29]}\n"
	"    numbers: {calls_from: [\"+1\"], calls_to: [\"+1\"]}\n"
	"    limits: {calls_per_second: 1000, concurrent_calls: 20, messages_per_second: 100000}\n"
	"    media: {srtp: off, addresses: [198.51.100.0/24]}\n"
	"    headers: strict\n"
	"    waivers:\n"
	"      - {control: identity, reason: \"no signed identity in this release\", until: 2027-06-30}\n"
	"      - {control: transport-identity, reason: \"partner has no certificates yet\", until: 2027-06-30}\n"
	"      - {control: srtp, reason: \"partner has no SRTP yet\", until: 2027-06-30}\n";

struct world {
	struct flow_rig rig;
	char answer[256], gate[64]; // the last final answer to the sender, and the gate that refused
	bool readable;              // the parser has no fault to find in what came: then neither in what leaves
};

static result send_h(void *ctx, const struct hop *to, struct bytes octets)
{
	struct world *w = ctx;
	static struct sip_msg m;
	struct sip_fault fault;

	UNUSED(to);
	if (octets.len > 8 && memcmp(octets.at, "SIP/2.0 ", 8) == 0 && memcmp(octets.at + 8, "100", 3) != 0)
		snprintf(w->answer, sizeof(w->answer), "%.*s", (int)strcspn((const char *)octets.at + 8, "\r"), octets.at + 8);
	if (w->readable)
		assert_true(is_ok(sip_msg_parse(&m, octets.at, (uint32_t)octets.len, &fault)) && is_ok(sip_msg_check_all(&m, &fault)));
	return OK;
}

static void event_h(void *ctx, const char *text)
{
	struct world *w = ctx;

	if (strncmp(text, "refused ", 8) == 0 && w->gate[0] == '\0')
		snprintf(w->gate, sizeof(w->gate), "%s", text + 8);
}

static struct origin origin_of(enum transport t)
{
	struct origin o = {.transport = t, .tls_peer = PEER_NONE};

	assert_true(is_ok(address_parse(bytes_of_string("10.0.0.5:5060"), &o.remote)));
	assert_true(is_ok(address_parse(bytes_of_string("10.0.0.1:5060"), &o.local)));
	if (t == TRANSPORT_TCP)
		o.conn = (struct conn_ref){1, 1, 0};
	return o;
}

static void one(struct world *w, const uint8_t *raw, uint32_t n, enum transport t)
{
	struct now now = {1000 * SECOND, FLOW_RIG_WALL_MS};
	struct origin o = origin_of(t);
	uint8_t *exact = malloc(n);
	static struct sip_msg m;
	struct sip_fault fault;

	memset(w, 0, sizeof(*w));
	w->rig.ctx = w;
	w->rig.on_send = send_h;
	w->rig.on_event = event_h;
	assert_non_null(exact);
	memcpy(exact, raw, n);
	w->readable = is_ok(sip_msg_parse(&m, exact, n, &fault)) && is_ok(sip_msg_check_all(&m, &fault));
	assert_true(flow_rig_open(&w->rig, bytes_make(yaml, sizeof(yaml) - 1), 16, &now));
	flow_rig_receive(&w->rig, &o, bytes_make(exact, n), &now);
	free(exact);
	if (w->answer[0] == '\0')
		snprintf(w->answer, sizeof(w->answer), "-");
	if (w->gate[0] == '\0')
		snprintf(w->gate, sizeof(w->gate), "-");
	flow_rig_close(&w->rig);
}

struct want {
	char name[64], udp[64], stream[64], gate[32];
};

// The next row: name, answer over UDP, answer over TCP, gate that refused; "-" is silence, or no gate. False at the end.
static bool want_next(FILE *f, struct want *row)
{
	char line[1024];

	while (fgets(line, sizeof(line), f) != NULL) {
		char *rest = line, *field[4];
		if (line[0] == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < 4; i++) {
			field[i] = strsep(&rest, "\t");
			assert_non_null(field[i]);
		}
		snprintf(row->name, sizeof(row->name), "%s", field[0]);
		snprintf(row->udp, sizeof(row->udp), "%s", field[1]);
		snprintf(row->stream, sizeof(row->stream), "%s", field[2]);
		snprintf(row->gate, sizeof(row->gate), "%s", field[3]);
		return true;
	}
	return false;
}

static int differs(const struct want *row, const char *over, const char *want, const struct world *w)
{
	if (strcmp(w->answer, want) == 0 && strcmp(w->gate, row->gate) == 0)
		return 0;
	print_error("%s over %s: \"%s\" by %s\n", row->name, over, w->answer, w->gate);
	return 1;
}

static void answers(void **state)
{
	static uint8_t raw[70000];
	static struct world w;
	FILE *f = torture_open(), *g = fopen(TORTURE_DIR "/torture.tsv", "r");
	struct torture_row row;
	struct want want;
	int rows = 0, wrong = 0;

	(void)state;
	assert_non_null(g);
	for (; torture_next(f, &row); rows++) {
		uint32_t n = torture_read(row.name, raw, sizeof(raw));
		assert_true(want_next(g, &want));
		assert_string_equal(row.name, want.name);
		one(&w, raw, n, TRANSPORT_UDP);
		wrong += differs(&want, "UDP", want.udp, &w);
		one(&w, raw, n, TRANSPORT_TCP);
		wrong += differs(&want, "TCP", want.stream, &w);
	}
	assert_false(want_next(g, &want));
	fclose(f);
	fclose(g);
	assert_int_equal(wrong, 0);
	assert_int_equal(rows, 62);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
