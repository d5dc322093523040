# `make` lists what can be done. Everything happens in .venv/, built from requirements.lock.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=

# Tests run side by side, as many as there are cores; tests/conftest.py says which of them may.
# One after the other, as a debugger needs it: PYTEST_ARGS="-n 0".
SIDE_BY_SIDE := -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

# Left by the two halves of the set-up, so that each is done again only when its input changed.
LOCKED := $(VENV)/.locked-installed
INSTALLED := $(VENV)/.roomtone-installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup  ## set up, then run a simulated classroom; stop it with Ctrl-C
	@exec $(BIN)/roomtone demo $(DEMO_ARGS)

.PHONY: test
test: lint  ## set up, then all checks: format, lint, types, imports, every test
	$(BIN)/pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

.PHONY: check
check: test  ## the same as test

.PHONY: quick
quick: setup  ## the tests without the slow ones
	$(BIN)/pytest -m "not slow" $(SIDE_BY_SIDE) $(PYTEST_ARGS)

.PHONY: test-bare
test-bare:  ## the README's two commands on a bare Debian 13, as root; BARE=quick runs the quick tests
	@tests/bare/run $(BARE)

.PHONY: test-kit
test-kit: setup  ## a kit's package, unit and updates on a Debian that boots in user-mode Linux, as root
	@tests/kit/run

.PHONY: test-server
test-server:  ## docs/deploy.md's commands for a server on a Debian that boots in user-mode Linux, as root
	@tests/server/run

.PHONY: test-arm64
test-arm64: setup  ## a kit's package and the edge's tests on an emulated arm64 Debian, as root
	@tests/arm64/run $(ARM64)

.PHONY: test-home
test-home: setup  ## Home Assistant itself with the kits that it discovers; needs Python 3.13 and mosquitto
	@tests/home_assistant/run

.PHONY: lint
lint: setup  ## the checks that run no test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: setup  ## let ruff format and mend what it can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: bench
bench: setup  ## measure what a tick costs
	$(BIN)/python -m benchmarks

.PHONY: examples
examples: setup  ## write server.example.toml anew from the settings' defaults
	$(BIN)/python docs/example_settings.py

.PHONY: catalogue
catalogue: setup  ## bring the catalogues of the pages' texts up to date
	$(BIN)/python docs/catalogue.py

.PHONY: lock
lock: setup  ## resolve the dependencies anew; LOCK_ARGS=--upgrade takes the newest versions
	$(BIN)/uv pip compile $(LOCKING) --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCKING) --group node -o requirements-node.lock
	for extra in edge server postgres replicas; do $(BIN)/uv pip compile $(LOCKING) -c requirements.lock \
		--no-annotate --extra $$extra --group build pyproject.toml -o requirements-$$extra.lock; done

# One version of a library for all Pythons, machines and systems, as a wheel, so that no compiler
# is needed; no registry is named.
LOCKING = --quiet --universal --fork-strategy fewest --only-binary :all: --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(LOCK_ARGS)

# A school's machines get what they need and no more; docs/deploy.md. Each release has a folder of its own, and
# `current` is a link to the one that runs, which only the first one gets by itself.
PLACE ?= /opt/roomtone
BIN_LINK ?= /usr/local/bin/roomtone
ifndef INTO
INTO := $(PLACE)/releases/$(shell date -u +%Y%m%dT%H%M%SZ)
endif

.PHONY: install-edge install-server
install-edge: WITHOUT_PAGES := 1
install-edge:  ## install what a classroom's Pi needs and no more, into a new release in /opt/roomtone
install-server:  ## the same for a server; what is added below to the release that runs is added again
install-edge install-server: install-%: requirements-%.lock
	$(PYTHON) -m venv $(INTO)
	$(INTO)/bin/python -m pip install --quiet $(FROM_LOCK) -r $<
	@[ -n "$(WITHOUT_PAGES)" ] || npm --version >/dev/null 2>&1 || \
		$(INTO)/bin/python -m pip install --quiet $(FROM_LOCK) -r requirements-node.lock
	ROOMTONE_WITHOUT_PAGES=$(WITHOUT_PAGES) \
		$(INTO)/bin/python -m pip install --quiet --no-deps --no-build-isolation --force-reinstall .
	@had() { [ -z "$(WITHOUT_PAGES)" ] && $(PLACE)/current/bin/python -c "import $$1" 2>/dev/null; }; \
		! had psycopg || $(MAKE) --no-print-directory install-postgres TO=$(INTO); \
		! had influxdb_client || $(MAKE) --no-print-directory install-replicas TO=$(INTO)
	@chmod -R go+rX $(INTO)  # the services' users read it, whatever root's umask is
	@[ "$(dir $(INTO))" != "$(PLACE)/releases/" ] || { \
		[ -e $(PLACE)/current ] || ln -sfn releases/$(notdir $(INTO)) $(PLACE)/current; \
		[ -e $(BIN_LINK) ] || ln -sfn $(PLACE)/current/bin/roomtone $(BIN_LINK); }
	@echo "Installed into $(INTO)."

TO ?= $(PLACE)/current

.PHONY: install-postgres
install-postgres: requirements-postgres.lock  ## add the driver for PostgreSQL to the server that runs
	$(TO)/bin/python -m pip install --quiet $(FROM_LOCK) -r $<

.PHONY: install-replicas
install-replicas: requirements-replicas.lock  ## add the client for time-series databases to it
	$(TO)/bin/python -m pip install --quiet $(FROM_LOCK) -r $<

# The hubs' own program. It needs gcc-avr, avr-libc and gcc-arm-none-eabi; docs/firmware.md.
.PHONY: firmware flash pico
firmware:  ## build the hubs' firmware into build/firmware
	@$(MAKE) --no-print-directory -C firmware_bridge/firmware OUT=$(CURDIR)/build/firmware
flash:  ## put it onto a hub: PORT=/dev/ttyUSB0 HUB_ID=hub-7F3A SEATS=8
	@$(MAKE) --no-print-directory -C firmware_bridge/firmware OUT=$(CURDIR)/build/firmware flash
pico:  ## make the file for a Pico's drive, build/firmware/rp2040-hub.uf2: HUB_ID=hub-7F3A SEATS=8
	@$(MAKE) --no-print-directory -C firmware_bridge/firmware OUT=$(CURDIR)/build/firmware pico

MACHINE ?= aarch64

.PHONY: kit-package
kit-package: setup  ## the Debian package of a kit, in dist/; MACHINE=x86_64 for a small PC
	@$(BIN)/python deploy/kit/build.py --machine $(MACHINE)

.PHONY: clean
clean:  ## remove the environment and what the tools left behind
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis \
		build dist dashboard_api/static/vendor dashboard_api/static/bundled

# ------------------------------------------------------------------------------------ set-up

.PHONY: setup
setup: $(INSTALLED)  ## only set up .venv/

$(LOCKED): requirements.lock
	@command -v $(PYTHON) >/dev/null || { \
		echo "There is no '$(PYTHON)'. On Debian: sudo apt install python3 python3-venv" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "Roomtone needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is" \
			"$$($(PYTHON) --version 2>&1 || true). Name another: make PYTHON=python3.12 ..." >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' can't make a virtual environment." \
			"On Debian: sudo apt install python3-venv" >&2; \
		exit 1; }
	@echo "Setting up $(VENV)/ from requirements.lock:" \
		"a download of about 310 MB the first time, half a minute to five minutes ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install $(FROM_LOCK) -r $< 2>&1 | $(SHOW_PIP) || { \
		tail -n 20 $(VENV)/setup.log >&2; \
		echo "Setting up $(VENV)/ failed; all of pip's words are in $(VENV)/setup.log" >&2; \
		exit 1; }
	@touch $@

# A fresh clone into an old environment lacks what the installation copies into the pages.
ifeq ($(wildcard dashboard_api/static/bundled/sources.sha256),)
.PHONY: $(INSTALLED)
endif

$(INSTALLED): $(LOCKED) pyproject.toml hatch_build.py package.json package-lock.json
	@npm --version >/dev/null 2>&1 || { \
		echo "This machine has no npm: fetching Node for the build, about 60 MB ..."; \
		$(BIN)/python -m pip install --quiet $(FROM_LOCK) -r requirements-node.lock; }
	@echo "Installing Roomtone into $(VENV)/ ..."
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "$(VENV)/ is ready."

# Nothing is built here but Roomtone itself: every dependency is a wheel whose hash is locked.
FROM_LOCK = --require-hashes --no-deps --only-binary :all:

# Keeps all of pip's output and shows the downloads that take a while.
SHOW_PIP = tee $(VENV)/setup.log | awk \
	'/^ *Downloading .* MB\)/ { print "  " $$2, $$3, $$4; fflush() } \
	/^Installing collected/ { print "  installing ..."; fflush() }'
