# Convene. `make run` is the whole set-up and the platform; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Where the environment forbids compiled files, every start would compile all packages anew: five seconds of a processor.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run wheel test check pictures bench openapi lock clean always

PYTHON ?= python3 python3.13 python3.12 python3.11
PIP = .venv/bin/python -m pip --disable-pip-version-check
PAGE_INPUTS := $(shell find ui -name node_modules -prune -o -type f -print 2>/dev/null)
BUILD_INPUTS := hatch_build.py pyproject.toml engine/go.mod engine/go.sum $(PAGE_INPUTS)
ENGINE := $(or $(CONVENE_ENGINE_BINARY),$(wildcard src/convene/bin/livekit-server),$(shell command -v livekit-server))
BUILT := $(and $(ENGINE),$(wildcard src/convene/page/index.html))
# The tests' Node is the one that requirements-dev.lock pins.
WITH_NODE = PATH="$(CURDIR)/.venv/bin:$$PATH"
PYTEST = $(WITH_NODE) .venv/bin/python -m pytest
# Browsers, recorders and two hundred calls at once need a machine's two processors to themselves. The rest of the tests share
# them, also those that kill processes and wait for what becomes of it, and the files of tests/acceptance without a browser.
ALONGSIDE = $(addprefix tests/acceptance/test_,cube_sdk.py engine_child.py sdk_node.py wheel.py)
REAL = tests/compositor tests/faults/test_races.py $(filter-out $(ALONGSIDE),$(wildcard tests/acceptance/test_*.py))
# `make test QUICK=1`: of browsers and recorders the whole line once, every state of the page, what comes before joining; fewer made-up requests and kills.
SHORT = $(addprefix tests/acceptance/test_,meeting.py look.py before.py sdk_python.py)
ifdef QUICK
export FUZZ ?= 1500
export FAULT_ROUNDS ?= 6
endif
NPM = $(WITH_NODE) npm --prefix ui --no-update-notifier

# pip hides what a build hook says; this shows the hook's own lines as they come, and pip's last ones if it fails otherwise.
define build
	mkdir -p build; $(PIP) --verbose $(1) 2>&1 | tee build/pip.log | sed -un 's/^ *convene: /convene: /p' || \
	{ grep -q '^ *convene: error' build/pip.log || tail -n 20 build/pip.log >&2; exit 1; }
endef

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1 \t/p' Makefile | expand -t 8

run: .venv/installed ## set everything up, then start the platform
	@export CONVENE_ALLOW_LOOPBACK_CALLBACKS="$${CONVENE_ALLOW_LOOPBACK_CALLBACKS:-true}"; \
	echo "convene: CONVENE_ALLOW_LOOPBACK_CALLBACKS=$$CONVENE_ALLOW_LOOPBACK_CALLBACKS: callbacks may go to this machine"; \
	exec .venv/bin/convene serve

wheel: | .venv/bin/python ## one wheel for this platform, engine and page inside, in dist/
	@$(call build,wheel --no-deps --wheel-dir dist .)
	@ls -lh dist/*.whl | awk '{ print "convene: " $$9 " (" $$5 "B)" }'

test: .venv/tested ui/node_modules/.package-lock.json ## install what tests need, then run all of them (QUICK=1: most of them)
	@tests/setup.sh
	@failed=0; $(NPM) test || failed=1; \
	$(PYTEST) --numprocesses 2 --dist worksteal $(REAL:%=--ignore=%) || failed=$$?; \
	$(PYTEST) $(if $(QUICK),$(SHORT),$(REAL)) || failed=$$?; \
	exit $$failed

check: .venv/tested ui/node_modules/.package-lock.json ## format, lint, types and import rules alone
	@failed=0; for step in "ruff format --check ." "ruff check ." mypy lint-imports; do \
	  echo "convene: $$step"; .venv/bin/$$step || failed=1; \
	done; \
	$(NPM) run check || failed=1; exit $$failed

bench: .venv/tested ui/node_modules/.package-lock.json ## measure, each figure beside its yardstick
	@tests/setup.sh
	@$(WITH_NODE) .venv/bin/python -m bench

pictures: .venv/tested ui/node_modules/.package-lock.json ## take the pictures of docs/images anew
	@$(WITH_NODE) .venv/bin/python -m tests.pictures
	@$(WITH_NODE) PICTURES=1 .venv/bin/python -m pytest tests/acceptance/test_pictures.py

openapi: .venv/installed ## renew openapi.json, and the page's types that are made from it
	@.venv/bin/convene openapi > openapi.json
	@$(NPM) run types

lock: | .venv/bin/python ## renew both lock files (every dependency as new as pyproject.toml allows)
	@$(PIP) install --quiet uv
	@compile() { .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url pyproject.toml "$$@"; }; \
	compile --group dev --output-file requirements-dev.lock; \
	compile --constraint requirements-dev.lock --output-file requirements.lock

clean: ## remove everything that was built or installed (the data folder stays)
	@rm -rf .venv build dist ui/node_modules src/convene/bin src/convene/page

.venv/bin/python:
	@for python in $(PYTHON); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	[ "$${found:-}" ] || { echo "convene: error: Python 3.11 or newer is needed (name one: make PYTHON=/path/to/python3)" >&2; exit 1; }; \
	"$$found" -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "convene: error: $$found has no venv module (Debian: apt install python3-venv)" >&2; exit 1; }; \
	echo "convene: making a virtual environment with $$("$$found" --version)"; \
	"$$found" -m venv .venv || { rm -rf .venv; exit 1; }

.venv/locked: requirements.lock | .venv/bin/python
	@echo "convene: installing Python packages, about a minute"
	@$(PIP) install --quiet --requirement requirements.lock
	@touch $@

.venv/installed: .venv/locked $(BUILD_INPUTS) $(if $(BUILT),,always)
	@echo "convene: building and linking the package"
	@$(call build,install --no-deps --editable .)
	@touch $@

.venv/tested: requirements-dev.lock .venv/installed
	@echo "convene: installing the tests' Python packages, about a minute"
	@$(PIP) install --quiet --requirement requirements-dev.lock
	@touch $@

ui/node_modules/.package-lock.json: ui/package-lock.json | .venv/tested
	@echo "convene: fetching the web client's libraries (npm ci), about 30 seconds"
	@$(NPM) ci --no-audit --no-fund
	@touch $@

always:
