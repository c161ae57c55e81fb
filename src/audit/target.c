// SPDX-License-Identifier: Apache-2.0
// Whom the audit may attack: what can only be one's own network, or what the operator says, by name, to own.
#include "audit/audit.h"

result audit_target_allowed(const struct address *a, const char *own, const char *name)
{
	enum address_class class = address_classify(a);

	if (class == ADDRESS_LOOPBACK)
		return OK;
	if (class == ADDRESS_PRIVATE)
		return OK; // RFC 1918, RFC 4193, RFC 6598
	REQUIRE(class == ADDRESS_GLOBAL || class == ADDRESS_LINK_LOCAL, E_POLICY); // groups and nobody: never
	REQUIRE(own[0] != '\0' && strcmp(own, name) == 0, E_POLICY);
	return OK;
}
