# SPDX-License-Identifier: Apache-2.0
# A plain front door to the Meson build: every target installs what is missing, builds, then runs.
BUILD ?= build
.DEFAULT_GOAL := build
.PHONY: build deps demo test soak bench fuzz prove audit check package clean

deps:
	@tools/install-deps packaging/deps.txt

$(BUILD)/build.ninja: | deps
	@meson setup $(BUILD) --buildtype=debugoptimized >/dev/null

build: deps $(BUILD)/build.ninja
	@ninja -C $(BUILD)

demo: build
	@test/demo/run $(BUILD)

test: deps
	@tools/run-tests

check: build
	@tools/run-checks

soak: build
	@test/soak/run $(BUILD)

bench: build
	@test/bench/run $(BUILD)

fuzz: deps
	@test/fuzz/run

prove: deps
	@test/prove/run

audit: build
	@test/audit/run $(BUILD)

package: build
	@packaging/make-deb $(BUILD)

clean:
	@rm -rf build build-*
