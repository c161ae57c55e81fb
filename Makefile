# SPDX-License-Identifier: Apache-2.0
# A plain front door to the Meson build: every target installs what is missing, builds, then runs.
BUILD ?= build
.DEFAULT_GOAL := build
.PHONY: help build deps demo test soak bench fuzz prove audit check package clean

help:
	@echo "make          install what is missing (packaging/deps.txt), build into $(BUILD)/"
	@echo "make demo     two providers, two Sallyports, real phones, two secured calls, attacks that bounce"
	@echo "make test     everything; single stages: tools/run-tests STAGE..."
	@echo "make check    the static checks"
	@echo "make fuzz     every fuzz target for 60 s; make prove: Frama-C over every parser"
	@echo "make audit    the threats against a Sallyport and against an element without defence"
	@echo "make bench    figures as ratios against other daemons; make soak: long runs, MINUTES=N bounds them"
	@echo "make package  a Debian package; make clean: remove build/ and build-*/"

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

bench: deps
	@tools/build-release $(BUILD)-release
	@test/bench/run $(BUILD)-release

fuzz: deps
	@test/fuzz/run

prove: deps
	@test/prove/run

audit: build
	@test/audit/run $(BUILD)

package: deps
	@packaging/make-deb $(BUILD)

clean:
	@rm -rf build build-*
