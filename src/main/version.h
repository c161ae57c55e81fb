// SPDX-License-Identifier: Apache-2.0
// The version, from meson.build.
#ifndef MAIN_VERSION_H
#define MAIN_VERSION_H

#ifndef SALLYPORT_VERSION
#define SALLYPORT_VERSION "unversioned" // a header compiled alone
#endif

#endif
