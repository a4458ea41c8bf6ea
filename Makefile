# Everything runs in .venv, which the first target that needs it makes from the hashed requirements.
# `make` alone lists the targets. ARGS="…" is passed on to the command that a target runs.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help env demo serve extras test check lint format bench peer torture thorough screenshots browser typescript strace docs lock clean

# The newest Python that starts: a name on the PATH may be a shim for a version that is not installed.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$python && break; done)

VENV := .venv
BIN := $(VENV)/bin
TYPESCRIPT := $(VENV)/typescript
PEER := build/peer
ARGS ?=
PROFILE ?= smoke
SEED ?=

# Neighbours stay together, for they share servers; whoever has nothing left takes over half of what another one has.
PYTEST = $(BIN)/python -m pytest --numprocesses auto --dist worksteal

# Stamps: what a service needs is ready, so is what goes with it on request, so is the development set, which holds both.
SERVICE_READY := $(VENV)/service.ready
EXTRAS_READY := $(VENV)/extras.ready
DEV_READY := $(VENV)/dev.ready
PEER_READY := $(PEER)/peer.ready

# The outer pip installs into .venv, which then holds no 25 MB of pip and setuptools, and can be made on a Debian
# without python3-venv. An outer pip too old for that (before 22.3) is not used: then .venv gets its own.
OUTER_PIP = $(PYTHON) -m pip --help 2>/dev/null | grep -q -e '--python '
PIP = $$(test -e $(BIN)/pip && echo $(BIN)/python -m pip || echo $(PYTHON) -m pip --python $(BIN)/python)
PIP_INSTALL = $(PIP) install --quiet --disable-pip-version-check --no-input
NEW_VENV = rm -rf $(1) && if $(OUTER_PIP); then $(PYTHON) -m venv --without-pip $(1); else $(PYTHON) -m venv $(1); fi
# Packages are told apart by hash, so that whichever index serves them, they are the ones that were tested.
INSTALL_HASHED = $(PIP_INSTALL) --require-hashes
INSTALL_OO = $(PIP_INSTALL) --no-deps --no-build-isolation --editable .

NAME_ONE := Name one: make PYTHON=/path/to/python

# Chatter goes to standard error: standard output is the answer's alone.
SAY = @echo >&2

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) \
		| awk -F'|' '{printf "make %-11s %s\n", $$1, $$2}'

env: $(DEV_READY) ## make .venv with the development set

demo: $(SERVICE_READY) ## personas live through a month and show what was learned; ARGS="--no-serve --json"
	@$(BIN)/oo demo $(ARGS)

serve: $(SERVICE_READY) ## the API and the pages over your own store; ARGS="--port 8001"
	@$(BIN)/oo serve $(ARGS)

extras: $(EXTRAS_READY) ## add to .venv what PostgreSQL, NATS and training sets need

test: $(DEV_READY) browser typescript strace ## run every test; ARGS="tests/setup -k startup" runs some
	@$(PYTEST) $(ARGS)

check: lint ## what the CI runs: lint, then every test
	@$(MAKE) test

lint: $(DEV_READY) ## style, types, the direction of imports, and contracts/ against the catalogue
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/oo features contract --check

format: $(DEV_READY) ## lay out the code and mend what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench: $(DEV_READY) ## the loop and reactions beside bare group commit, processes beside one, the service beside a bare route, features beside Feast
	@$(BIN)/python benchmarks/loop.py $(ARGS)
	@$(BIN)/python benchmarks/service.py $(ARGS)
	@$(BIN)/python benchmarks/feedback.py $(ARGS)
	@$(BIN)/python benchmarks/writers.py $(ARGS)
	@$(BIN)/python benchmarks/bus.py $(ARGS)
	@$(BIN)/python benchmarks/features.py $(ARGS)

peer: $(PEER_READY) ## make build/peer with Feast, which features are measured beside; some 700 MB

# What to draw from is printed; a failure prints the line that has its episode again.
torture: $(DEV_READY) strace ## kill it at work and count what is left; PROFILE=smoke, ci or moonshot; SEED=7; ARGS="--only writer"
	@$(BIN)/python -m tests.torture --profile $(PROFILE) $(if $(SEED),--seed $(SEED)) $(ARGS)

thorough: $(DEV_READY) ## thirty times the generated histories, and every fault; some ten minutes
	@OO_HYPOTHESIS=thorough $(PYTEST) --timeout 3000 \
		tests/properties tests/laws tests/faults $(ARGS)

screenshots: $(DEV_READY) browser ## take the README's pictures of the pages
	@$(BIN)/python docs/screenshots.py $(ARGS)

docs: $(DEV_READY) ## write docs/reference from the code
	@$(BIN)/python docs/generate.py

# Wheels cannot bring a browser. Where Debian's may be installed it is; elsewhere the tests that need one say so.
browser:
	@command -v chromium >/dev/null 2>&1 || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1 \
		&& echo "Installing Chromium from Debian" >&2 \
		&& apt-get update --quiet --quiet >&2 \
		&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends \
			chromium fonts-dejavu-core >/dev/null 2>&1; } \
	|| echo "No Chromium here: the tests of the pages in a browser will not run." >&2

# Nor a tracer: by its notes a disk that loses power is played back.
strace:
	@command -v strace >/dev/null 2>&1 || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1 \
		&& echo "Installing strace from Debian" >&2 \
		&& apt-get update --quiet --quiet >&2 \
		&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends \
			strace >/dev/null 2>&1; } \
	|| echo "No strace here: losses of power will not be tried." >&2

# The compiler for the tests of contracts/features.ts: the pinned one where there is npm, else Debian's where that may be
# installed; elsewhere those tests say that they did not run.
typescript: $(DEV_READY)
	@test -e $(TYPESCRIPT)/node_modules/.package-lock.json \
		&& cmp --quiet tests/typescript/package-lock.json $(TYPESCRIPT)/package-lock.json || { \
		command -v npm >/dev/null 2>&1 \
		&& echo "Installing TypeScript" >&2 \
		&& rm -rf $(TYPESCRIPT) && mkdir -p $(TYPESCRIPT) && cp tests/typescript/package*.json $(TYPESCRIPT) \
		&& (cd $(TYPESCRIPT) && npm ci --ignore-scripts --no-audit --no-fund --loglevel error --no-progress >&2); } \
	|| command -v tsc >/dev/null 2>&1 || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1 \
		&& echo "Installing TypeScript from Debian" >&2 \
		&& apt-get update --quiet --quiet >&2 \
		&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends \
			node-typescript >/dev/null 2>&1; } \
	|| echo "No TypeScript here: the types for clients will not be compiled." >&2

# One resolution for all: development takes run time's versions, and the build takes development's.
LOCK = $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --custom-compile-command "make lock" $(ARGS)

lock: $(DEV_READY) ## pin and hash what pyproject.toml asks for; ARGS=--upgrade takes the newest
	@$(LOCK) pyproject.toml --output-file requirements/run.txt
	@$(LOCK) pyproject.toml --extra service --constraint requirements/run.txt --output-file requirements/service.txt
	@$(LOCK) pyproject.toml --extra offline --constraint requirements/service.txt --output-file requirements/offline.txt
	@$(LOCK) pyproject.toml --extra nats --constraint requirements/service.txt --output-file requirements/nats.txt
	@$(LOCK) pyproject.toml --extra postgres --constraint requirements/service.txt --output-file requirements/postgres.txt
	@$(LOCK) pyproject.toml --all-extras --group dev --constraint requirements/service.txt --output-file requirements/dev.txt
	@$(LOCK) --group build --constraint requirements/dev.txt --output-file requirements/build.txt
	@$(LOCK) --group peer --output-file requirements/peer.txt

clean: ## remove .venv and everything that tools left behind
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find src tests benchmarks -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "oO needs Python 3.11 or newer, and found none. $(NAME_ONE)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "oO needs Python 3.11 or newer, and '$(PYTHON)' is not. $(NAME_ONE)" >&2; exit 1; }
	$(SAY) "Making .venv with $$($(PYTHON) --version)"
	@$(call NEW_VENV,$(VENV)) >&2

$(SERVICE_READY): requirements/service.txt requirements/build.txt pyproject.toml | $(VENV)/pyvenv.cfg
	$(SAY) "Installing the run-time set"
	@$(INSTALL_HASHED) -r requirements/build.txt >&2
	@$(INSTALL_HASHED) -r requirements/service.txt >&2
	@$(INSTALL_OO) >&2
	@touch $@

$(EXTRAS_READY): requirements/postgres.txt requirements/nats.txt requirements/offline.txt | $(SERVICE_READY)
	$(SAY) "Installing the clients of PostgreSQL and NATS, and DuckDB"
	@$(INSTALL_HASHED) -r requirements/postgres.txt -r requirements/nats.txt -r requirements/offline.txt >&2
	@touch $@

$(DEV_READY): requirements/dev.txt requirements/service.txt requirements/build.txt pyproject.toml | $(VENV)/pyvenv.cfg
	$(SAY) "Installing the development set"
	@$(INSTALL_HASHED) -r requirements/build.txt >&2
	@$(INSTALL_HASHED) -r requirements/dev.txt >&2
	@$(INSTALL_OO) >&2
	@touch $(SERVICE_READY) $(EXTRAS_READY) $@

$(PEER_READY): BIN := $(PEER)/bin
$(PEER_READY): requirements/peer.txt | $(VENV)/pyvenv.cfg
	$(SAY) "Installing what benchmarks measure oO beside"
	@$(call NEW_VENV,$(PEER)) >&2
	@$(INSTALL_HASHED) -r requirements/peer.txt >&2
	@touch $@
