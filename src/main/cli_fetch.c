// SPDX-License-Identifier: Apache-2.0
// Fetching a partner's profile: https alone, the partner's own authority alone, no redirect, no proxy, bounded in size and time.
#include "main/cli.h"

#include "base/memory.h"

#include <curl/curl.h>
#include <string.h>

enum {
	FETCH_S = 20,         // [s] the whole of it; a profile is made in milliseconds
	FETCH_CONNECT_S = 10, // [s]
};

struct haul {
	uint8_t *at;
	size_t len, max;
	bool too_long;
};

static size_t receive(char *octets, size_t size, size_t count, void *ctx)
{
	struct haul *h = ctx;
	size_t n = size * count;
	if (n > h->max - h->len) {
		h->too_long = true;
		return 0;
	}
	memcpy(h->at + h->len, octets, n);
	h->len += n;
	return n;
}

// Every option counts: one that is refused ends the attempt.
static bool prepare(CURL *curl, const struct cli *c, const char *url, struct haul *h)
{
	bool set = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)FETCH_S) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT_S) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)h->max) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_CAINFO, c->trust) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
	if (c->certificate != NULL)
		set = set && curl_easy_setopt(curl, CURLOPT_SSLCERT, c->certificate) == CURLE_OK &&
		      curl_easy_setopt(curl, CURLOPT_SSLKEY, c->key) == CURLE_OK;
	set = set && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK;
	return set && curl_easy_setopt(curl, CURLOPT_WRITEDATA, h) == CURLE_OK;
}

// What is most likely wrong, and where. A portal closes what comes from addresses that it does not know before TLS begins.
static const char *mend(CURLcode code)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		return "write the name that his certificate bears as host of the address, and as --trust the authority of that certificate";
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
		return "ask the partner whether his known_by has the address that we come from and the certificate of --certificate";
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
		return "mend the address, or the way there";
	default:
		return "mend the address, --trust, or --certificate and --key";
	}
}

static bool perform(CURL *curl, const struct cli *c, const char *url, struct haul *h)
{
	long status = 0;
	if (!prepare(curl, c, url, h)) {
		cli_say(c, "%.200s cannot be asked; write an https address, and certificate and key as PEM files", url);
		return false;
	}
	CURLcode code = curl_easy_perform(curl);
	if (code != CURLE_OK) {
		bool too_long = h->too_long || code == CURLE_FILESIZE_EXCEEDED;
		cli_say(c, "%.200s: %s; %s", url, too_long ? "the answer is too long for a profile" : curl_easy_strerror(code),
			too_long ? "mend the address" : mend(code));
		return false;
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		cli_say(c, "%.200s answered %ld; ask the partner whether you may have a profile", url, status);
	return status == 200;
}

bool cli_fetch(const struct cli *c, const char *url, size_t max, uint8_t **out, size_t *len)
{
	struct haul h = {.at = memory_alloc(max + 1), .max = max};
	CURL *curl = h.at != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
	bool got = curl != NULL && perform(curl, c, url, &h);
	if (curl == NULL)
		cli_say(c, "memory ran out; free some");
	curl_easy_cleanup(curl);
	if (!got)
		memory_free(h.at);
	*out = got ? h.at : NULL;
	*len = h.len;
	return got;
}
