// SPDX-License-Identifier: Apache-2.0
// The certificate that the configuration fuzz target reads from every path: P-256, self-signed,
// subjectAltName DNS:ssp-a.example.
#ifndef FUZZ_CONF_CERTIFICATE_H
#define FUZZ_CONF_CERTIFICATE_H

#define FUZZ_CERTIFICATE                                                                                     \
	"-----BEGIN CERTIFICATE-----\n"                                                                      \
	"MIIBoTCCAUegAwIBAgIUOzZKLgqInfKx7JadGKn0jl5bCrgwCgYIKoZIzj0EAwIw\n"                                 \
	"GDEWMBQGA1UEAwwNc3NwLWEuZXhhbXBsZTAgFw0yNjExMjMwNTM2MDZaGA8yMTI2\n"                                 \
	"MTAzMDA1MzYwNlowGDEWMBQGA1UEAwwNc3NwLWEuZXhhbXBsZTBZMBMGByqGSM49\n"                                 \
	"AgEGCCqGSM49AwEHA0IABLp0k4disma3b/CFHl82pM11lrV19+aFbjJ874ZAZUpt\n"                                 \
	"jGZaU8V+6+gSSEM7WOxz4Gk+sCvatylCW/rWL+p/dPWjbTBrMB0GA1UdDgQWBBRH\n"                                 \
	"gjGVRrzP3imUPEffN84em1pE+DAfBgNVHSMEGDAWgBRHgjGVRrzP3imUPEffN84e\n"                                 \
	"m1pE+DAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDXNzcC1hLmV4YW1wbGUw\n"                                 \
	"CgYIKoZIzj0EAwIDSAAwRQIhAI68b1CgvZpKAGY14J+YkL6hYA0MEIPsR9G3ViuX\n"                                 \
	"xJLEAiBAFjsybbVAFtPaPs3FSlEDomJn5J6qsBJFQDbLUn32Jg==\n"                                             \
	"-----END CERTIFICATE-----\n"

#endif
