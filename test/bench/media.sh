#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The media part of `make bench`: relay at 20 and 100 kpps against a do-nothing relay, SRTP, memory per session.
# usage: media.sh BUILD_DIR [seconds [runs]]
set -eu
bench=$1/test/bench/bench-media
seconds=${2:-3}
runs=${3:-5}
ulimit -n 20000 2>/dev/null || true
"$bench" relay -n 200 -r 20000 -t "$seconds" -k "$runs"
"$bench" relay -n 200 -r 100000 -t "$seconds" -k "$runs"
"$bench" srtp -k "$runs"
"$bench" memory -n 1000
