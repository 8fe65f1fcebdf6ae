# Everything below works from a fresh clone with Python 3.11 or newer and npm, without root. `make` alone lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.synced
# The first interpreter that is new enough; `make PYTHON=…` decides otherwise.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$candidate" && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check
MINGQUAN := $(BIN)/python -m deploy.local

##@ Run 运行
.PHONY: run reset tour import
run: $(STAMP) ## Start everything behind http://127.0.0.1:8000 (MINGQUAN_PORT), with demo data on the first start
	@exec $(MINGQUAN) run

reset: $(STAMP) ## Delete all local data and start over
	@$(MINGQUAN) reset --yes

tour: $(STAMP) ## Walk the main job against the running suite, step by step
	@$(BIN)/python -m deploy.local.tour

import: $(STAMP) ## Load real documents into the running suite: make import FILE=policies.jsonl
	@test -n "$(FILE)" || { echo "Which file? make import FILE=policies.jsonl" >&2; exit 2; }
	@$(BIN)/python -m tools.import_documents "$(FILE)"

##@ Test 测试
.PHONY: test test-unit gateway-test check audit bench
# A file's tests stay together: they may share servers. Each process starts its own; one more than processors, for some wait.
PROCESSES = import os; print(min(4, len(os.sched_getaffinity(0)) + 1))
test: $(STAMP) ## Run every test, with a real PostgreSQL and a real Meilisearch
	@$(BIN)/python -m pytest -n "$$($(BIN)/python -c '$(PROCESSES)' 2>/dev/null || echo 2)" --dist loadfile --no-loadscope-reorder

test-unit: $(STAMP) ## Run the tests that start nothing: seconds
	@$(BIN)/python -m pytest tests/unit

gateway-test: $(STAMP) ## Run the system's nginx with the shipped configuration before the running suite
	@$(BIN)/python -c 'import sys; from deploy.local.nginx import MISSING, find_nginx; sys.exit(None if find_nginx() else MISSING)'
	@MINGQUAN_GATEWAY_TEST=1 $(BIN)/python -m pytest tests/gateway

check: $(STAMP) ## Format, lint, types and the rules of import
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --no-cache .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(STAMP) ## Ask after known faults of the locked packages (needs the network)
	@$(BIN)/uv tool run pip-audit --strict --disable-pip --require-hashes -r requirements.lock

bench: $(STAMP) ## Measure, each figure beside its baseline
	@$(BIN)/python -m tools.bench

##@ House 维护
.PHONY: setup lock sbom clean help
setup: $(STAMP) ## Make .venv from requirements.lock (the other targets do it by themselves)

lock: $(STAMP) ## Write requirements.lock anew from pyproject.toml, hash-pinned and host-free, and the image's part of it
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header \
		--extra local --extra dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header \
		-c requirements.lock pyproject.toml -o deploy/requirements.lock

sbom: $(STAMP) ## Write sbom.cdx.json, what the image is made of, from deploy/requirements.lock
	@$(BIN)/python -m tools.sbom deploy/requirements.lock sbom.cdx.json

clean: ## Remove .venv and every cache; data under .mingquan stays (see reset)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .test-state build ./*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Installed by uv, which pip brings in: 181 packages take seconds instead of minutes. It is told what pip knows of mirrors
# and to trust the system's certificates; where that does not do, pip itself installs the same hashes. Compiled at once,
# for every start of the suite imports them in half a dozen processes.
$(STAMP): export UV_SYSTEM_CERTS := true
$(STAMP): requirements.lock
	@test -n "$(PYTHON)" || { echo "Mingquan needs Python 3.11 or newer, and none was found: install it, or name it with make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Mingquan needs Python 3.11 or newer, and $(PYTHON) is older or missing: name another with make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -c 'import pip' 2>/dev/null || { rm -rf $(VENV) && "$(PYTHON)" -m venv $(VENV) >/dev/null; } \
		|| { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment: install its venv module (on Debian and Ubuntu the package python3-venv)" >&2; exit 1; }
	@echo "Installing the pinned packages into $(VENV)…"
	@test -x $(BIN)/uv || $(PIP) install --quiet 'uv>=0.8' \
		|| { echo "The package uv could not be installed: see the lines above; is the package index reachable?" >&2; exit 1; }
	@index="$$($(PIP) config get global.index-url 2>/dev/null)"; \
		$(BIN)/uv pip sync --quiet $${index:+--default-index "$$index"} --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock \
		|| { echo "uv could not; pip takes some minutes…" >&2; $(PIP) install --quiet --require-hashes -r requirements.lock; } \
		|| { echo "The packages of requirements.lock could not be installed: see the lines above" >&2; exit 1; }
	@touch $@
