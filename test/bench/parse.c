// SPDX-License-Identifier: Apache-2.0
// What parsing one 922-octet INVITE costs: ours as index alone (with the values that RFC3261#8.1.1 makes mandatory) and
// with all values, beside sofia-sip and libosip2 when their headers are installed. CPU time of this process, median.
//
//   bench-parse [ITERATIONS [RUNS]]        prints one line per parser and the ratio to sofia-sip
#include "wire/sip/sip.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "parse.h"

enum { RUNS_MAX = 31 };

const char parse_text[] =
	"INVITE sip:+15551234567@border.example.net:5060;user=phone SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---7a3c9f21d4b0e865;rport\r\n"
	"Max-Forwards: 70\r\n"
	"From: \"Calling Party\" <sip:+14440001000@192.0.2.10:5060;user=phone>;tag=8f3a2b7c\r\n"
	"To: <sip:+15551234567@border.example.net:5060;user=phone>\r\n"
	"Call-ID: 3848276298220188511@192.0.2.10\r\n"
	"CSeq: 1 INVITE\r\n"
	"Contact: <sip:+14440001000@192.0.2.10:5060;transport=udp>\r\n"
	"Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, PRACK\r\n"
	"Supported: timer, 100rel, replaces\r\n"
	"Session-Expires: 1800;refresher=uac\r\n"
	"Min-SE: 90\r\n"
	"P-Asserted-Identity: <sip:+14440001000@192.0.2.10;user=phone>\r\n"
	"User-Agent: Bench-SSP/1.0\r\n"
	"Content-Type: application/sdp\r\n"
	"Content-Length: 210\r\n"
	"\r\n"
	"v=0\r\no=- 53655765 2353687637 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
	"m=audio 30000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	"a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";
const size_t parse_text_len = sizeof(parse_text) - 1;
static volatile uint64_t sink; // keeps the work from being optimised away

static double cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

// The median cost of ONE [ns]; 0 when it fails.
static double measure(const char *name, bool (*one)(void), long iterations, int runs)
{
	double v[RUNS_MAX];
	for (int r = 0; r < runs; r++) {
		double begin = cpu_ns();
		for (long i = 0; i < iterations; i++) {
			if (!one()) {
				printf("%-30s failed\n", name);
				return 0;
			}
		}
		v[r] = (cpu_ns() - begin) / (double)iterations;
	}
	qsort(v, (size_t)runs, sizeof(v[0]), compare);
	printf("%-30s median %7.0f ns  min %7.0f  max %7.0f  (%d runs, %zu octets)\n", name, v[runs / 2], v[0],
		v[runs - 1], runs, sizeof(parse_text) - 1);
	return v[runs / 2];
}

static bool ours_index(void)
{
	static struct sip_msg m;
	struct sip_fault fault;
	result r = sip_msg_parse(&m, (const uint8_t *)parse_text, sizeof(parse_text) - 1, &fault);
	sink += m.cseq;
	return is_ok(r);
}

static bool ours_all(void)
{
	static struct sip_msg m;
	struct sip_fault fault;
	result r = sip_msg_parse(&m, (const uint8_t *)parse_text, sizeof(parse_text) - 1, &fault);
	if (is_ok(r))
		r = sip_msg_check_all(&m, &fault);
	sink += m.cseq;
	return is_ok(r);
}

static bool ours_frame(void)
{
	uint32_t length;
	result r = sip_frame((const uint8_t *)parse_text, sizeof(parse_text) - 1, 0, SIP_MESSAGE_MAX_STREAM, &length);
	sink += length;
	return is_ok(r);
}

int main(int argc, char **argv)
{
	long iterations = argc > 1 ? strtol(argv[1], NULL, 10) : 50000;
	int runs = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
	double sofia = 0;

	if (iterations < 1 || runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: bench-parse [ITERATIONS [RUNS 1..%d]]\n", RUNS_MAX);
		return 2;
	}
	double index = measure("sallyport, index", ours_index, iterations, runs);
	double all = measure("sallyport, index + all values", ours_all, iterations, runs);
	double frame = measure("sallyport, stream framing", ours_frame, iterations, runs);
#ifdef WITH_OSIP
	parse_osip_init();
	measure("libosip2", parse_osip, iterations, runs);
#endif
#ifdef WITH_SOFIA
	sofia = measure("sofia-sip", parse_sofia, iterations, runs);
#endif
	if (sofia > 0)
		printf("ratio to sofia-sip: %.2f index, %.2f all values (at most 0.30)\n", index / sofia, all / sofia);
	return index > 0 && all > 0 && frame > 0 ? 0 : 1;
}
