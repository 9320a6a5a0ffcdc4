# make demo    four people in an encrypted group call, and a page about it
# make test    everything that decides whether this is right, on one machine
#
# Both install what is missing first (scripts/bootstrap.sh). `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

.PHONY: demo
demo: ## four people in an encrypted call; DEMO="--relay moq-rs" chooses (demo/run.py --help)
	@scripts/demo.sh $(DEMO)

.PHONY: test
test: ## all tests; STAGES="swift cabi" chooses (scripts/test.py --list)
	@scripts/bootstrap.sh
	@scripts/test.py $(STAGES)

.PHONY: check
check: ## rules about the code: layers, header, exports, size, formatting; CHECKS="..." chooses
	@scripts/bootstrap.sh
	@$(if $(CHECKS),,scripts/release.sh)
	@scripts/check.sh $(CHECKS)

.PHONY: bench
bench: ## measure against the Rust stack; takes long
	@scripts/bootstrap.sh
	@scripts/bench.sh $(BENCH)

.PHONY: bench-media
bench-media: ## measure audio and video; MEDIA="codecs --rounds 3" chooses
	@scripts/bootstrap.sh
	@scripts/bench-media.sh $(MEDIA)

.PHONY: bench-groups
bench-groups: ## measure groups beside mls-rs, frames beside the bare cipher; GROUPS_BENCH="--sizes 10" chooses
	@scripts/bootstrap.sh
	@scripts/bench-groups.sh $(GROUPS_BENCH)

.PHONY: bench-nostr
bench-nostr: ## measure events beside libsecp256k1, messages beside nostr-sdk; NOSTR_BENCH="--rounds 5" chooses
	@scripts/bootstrap.sh
	@scripts/bench-nostr.sh $(NOSTR_BENCH)

.PHONY: bench-calls
bench-calls: ## measure set-up of calls, four people, an idle engine; CALLS_BENCH="setup --calls 50" chooses
	@scripts/bootstrap.sh
	@scripts/bench-calls.sh $(CALLS_BENCH)

.PHONY: soak
soak: ## a call of half an hour that people join and leave, and nothing grows; SOAK="--minutes 3" chooses
	@scripts/bootstrap.sh
	@scripts/soak.sh $(SOAK)

.PHONY: fuzz
fuzz: ## every fuzz target for a while; FUZZ="60 Setup" chooses
	@scripts/bootstrap.sh --build
	@scripts/fuzz.sh $(FUZZ)

.PHONY: build
build: ## compile for debugging
	@scripts/bootstrap.sh --build
	@swift build

.PHONY: release
release: ## build/lib/libburrow.so.0 and build/bin/burrow-relay as they are shipped
	@scripts/bootstrap.sh --build
	@scripts/release.sh

.PHONY: install
install: release ## header, library, pkg-config and CMake files, relay program, below PREFIX
	@scripts/install.sh "$(DESTDIR)" "$(PREFIX)"

.PHONY: bindings
bindings: ## write the tables of the Python and Dart bindings again after a change of the header
	@scripts/bootstrap.sh
	@scripts/bindings.sh

.PHONY: format
format: ## format Swift and C in place
	@scripts/format.sh

.PHONY: clean
clean: ## remove everything that was built; keeps .venv
	@rm -rf .build .build-* build
	@$(MAKE) -C Tests/Tools/udpimpair clean
