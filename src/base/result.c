// SPDX-License-Identifier: Apache-2.0
// The words for errors. One switch without a default, so that the compiler points at an error without a name.
#include "base/result.h"

const char *error_name(enum error e)
{
	switch (e) {
	case E_OK: return "ok";
	case E_FORGED: return "forged";
	case E_STRANGER: return "stranger";
	case E_STALE: return "stale";
	case E_REPLAY: return "replay";
	case E_AUTH: return "authentication failed";
	case E_IGNORE: return "ignored";
	case E_SYNTAX: return "syntax";
	case E_TOO_LONG: return "too long";
	case E_TOO_MANY: return "too many";
	case E_MISSING: return "missing";
	case E_DUPLICATE: return "duplicate";
	case E_UNSUPPORTED: return "unsupported";
	case E_POLICY: return "policy";
	case E_NOT_FOUND: return "not found";
	case E_FRAMING: return "framing";
	case E_CLOSED: return "closed";
	case E_FULL: return "full";
	case E_NO_MEMORY: return "out of memory";
	case E_TIMEOUT: return "timeout";
	case E_AGAIN: return "again";
	case E_CONFIG: return "configuration";
	case E_SYSTEM: return "system";
	case E_IMPOSSIBLE: return "impossible state";
	}
	return "unknown error";
}
