// SPDX-License-Identifier: Apache-2.0
// Order: warm-up -> user -> no-new-privs, no dumps -> Landlock -> seccomp (all threads).
#include "guard/sandbox.h"

#include "guard/landlock.h"
#include "guard/filter.h"

#include <errno.h>
#include <grp.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void warm_up(void)
{
	unsigned char octet;
	struct tm tm;
	time_t t = 0;
	tzset();
	localtime_r(&t, &tm);
	RAND_bytes(&octet, 1);
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
}

static result become(const char *user, char *report, size_t room)
{
	if (geteuid() != 0 || user == NULL) {
		snprintf(report, room, "user=unchanged");
		return OK;
	}
	const struct passwd *pw = getpwnam(user);
	uid_t uid = pw != NULL ? pw->pw_uid : 65534;
	gid_t gid = pw != NULL ? pw->pw_gid : 65534;
	REQUIRE(setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0, E_SYSTEM);
	REQUIRE(setuid(0) != 0, E_SYSTEM); // there must be no way back
	REQUIRE(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, E_SYSTEM); // a change of user forgets it: no child outlives the monitor
	snprintf(report, room, "user=%s", pw != NULL ? user : "65534");
	return OK;
}

result sandbox_no_dumps(bool traceable)
{
	const struct rlimit none = {0, 0};
	REQUIRE(setrlimit(RLIMIT_CORE, &none) == 0, E_SYSTEM);
	return traceable || prctl(PR_SET_DUMPABLE, 0) == 0 ? OK : FAIL(E_SYSTEM);
}

static result no_more_rights(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? OK : FAIL(E_SYSTEM);
}

result sandbox_enter(const struct sandbox_config *c, struct sandbox_report *report)
{
	char user[64];
	int abi = 0;
	uint32_t calls = 0;
	warm_up();
	TRY(become(c->user, user, sizeof(user)));
	TRY(sandbox_no_dumps(false));
	TRY(no_more_rights());
	TRY(landlock_enter(c, &abi));
	TRY(filter_enter(c, &calls));
	snprintf(report->text, sizeof(report->text), "%s no-new-privs no-dump landlock=%s%d seccomp=%s%u", user,
		abi > 0 ? "abi" : "absent:", abi, c->seccomp_off ? "off:" : "calls:", calls);
	return OK;
}
