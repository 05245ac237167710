# Everything textdrop needs goes into this folder: .venv, .venv-worker, .venv-clients, local/node_modules. `make clean`
# takes it away.

PYTHON ?= python3
# Another environment for another Python: make test PYTHON=python3.13 VENV=.venvs/3.13. Never from the environment, where
# a variable of this name may mean somebody's other project.
VENV := .venv
TESTS ?= tests
# More than the cores of a small machine: tests wait for other processes most of the time.
PARALLEL ?= 4
# Each process takes whole modules, so that what one shares is started once, in their order, which ends with short ones.
SHARES := --dist loadfile --no-loadscope-reorder

# Measured only when every test runs: a part of them does not reach the floor that pyproject.toml sets.
COVERAGE := $(if $(filter tests,$(TESTS)),--cov --cov-report=)

PY := $(VENV)/bin/python
PACKAGES := $(VENV)/.packages
# One for each environment, because Node.js may come with it. npm removes them all when it installs again.
AZURITE := local/node_modules/.azurite-$(notdir $(VENV))
RUNTIME := 1.3.0
PROTOBUF := 7.36.2
WORKER := .venv-worker/.runtime-$(RUNTIME)-protobuf-$(PROTOBUF)
CLIENTS := $(patsubst tests/sdk_clients/requirements-%.txt,.venv-clients/%/.packages,$(wildcard tests/sdk_clients/requirements-*.txt))

# A name alone says little (pyenv's python3.13 may refuse to run), so each candidate is tried.
PYENVS := $(wildcard $(addsuffix /versions/3.1[3-9]*/bin/python,$(PYENV_ROOT) $(HOME)/.pyenv))
WORKER_PYTHONS := python3.13 python3.14 $(PYTHON) $(PYENVS)

.PHONY: help setup demo run test soak check bench scale pictures worker clients vendor clean
.DELETE_ON_ERROR:

help: ## list these commands
	@echo "textdrop: drop a text file into a container, get its classes"
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

demo: setup ## walk the quickstart from start to end on this machine (DATA, LABELS, DROP and others: see docs/local.md; KEEP=1: then keep it running)
	@$(PY) -m local demo $(if $(KEEP),--keep)

run: setup ## run it all until Ctrl-C (PORT, DATA, LABELS; HOST=func: on Azure Functions Core Tools; AUTH=1: callers need keys)
	@$(PY) -m local up $(if $(filter func,$(HOST)),--host func) $(if $(AUTH),--auth) $(if $(PORT),--port $(PORT))

test: setup worker clients ## run every test, and show the slowest (TESTS=tests/cli/test_azurite.py: only these)
	@$(PY) -m pytest -n $(PARALLEL) $(SHARES) --durations=15 $(COVERAGE) $(TESTS)

soak: setup ## run the tests that take minutes: thousands of files under faults, kills, outages and hostile files; ends with a report
	@$(PY) -m pytest -m soak $(TESTS)

check: $(PACKAGES) ## lint, format, types, and what azure-functions-doctor says of the app
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) .ci/azure_doctor.py

bench: setup ## measure, as ratios within one run
	@$(PY) -m bench

scale: setup ## classify, sweep, list, export and purge a million simulated files; takes hours (FILES=100000: fewer)
	@$(PY) -m bench.scale $(FILES)

pictures: setup ## take the pictures in docs/images again (needs Chromium)
	@mkdir -p .textdrop/pictures
	@TEXTDROP_PICTURES=.textdrop/pictures $(PY) -m pytest tests/console/test_every_view.py -k accessible
	@for file in docs/images/*.png; do cp ".textdrop/pictures/$$(basename "$$file")" "$$file"; done

setup: $(AZURITE) ## install everything into this folder; the other commands do it by themselves

worker: $(WORKER) ## install Microsoft's Python worker for the tests that drive it (needs a Python 3.13 or later)

clients: $(CLIENTS) ## install clients, of the Language service and of ours, in environments of their own, for the tests that drive them

vendor: setup ## copy the console's third-party files from the npm packages that local/package.json pins
	@$(PY) -m local vendor

clean: ## remove what was installed or made here, the data of `make run` included
	@if [ -e .textdrop/running.json ] && $(PY) -c 'from local.stack import discovery; exit(not discovery.announced())' 2>/dev/null; then \
		echo "It is still up, and would lose its data: stop it with Ctrl-C in its terminal first." >&2; exit 1; fi
	@rm -rf .venv .venvs .venv-worker .venv-clients local/node_modules .textdrop .hypothesis .coverage .pytest_cache .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PACKAGES): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "textdrop needs Python 3.11 or later, and $(PYTHON) is not. Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing Python packages into $(VENV) (a minute or so)"
	@$(PY) -m pip install -qq --disable-pip-version-check -r requirements-dev.txt
	@$(PY) -c 'import os, pathlib, sysconfig as s; pathlib.Path(s.get_path("purelib"), "textdrop.pth").write_text(os.getcwd())'
	@touch $@

$(AZURITE): local/package.json local/package-lock.json $(PACKAGES)
	@$(PY) -m local install
	@touch $@

$(WORKER): requirements.txt requirements-dev.txt
	@for python in $(WORKER_PYTHONS); do \
		"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 13))' 2>/dev/null || continue; \
		echo "Installing Microsoft's Python worker into .venv-worker (half a minute or so)"; \
		"$$python" -m venv --clear .venv-worker && .venv-worker/bin/python -m pip install -qq \
			--disable-pip-version-check azure-functions-runtime==$(RUNTIME) protobuf==$(PROTOBUF) \
			$$(grep ^opentelemetry requirements-dev.txt) -r requirements.txt && touch $@; \
		exit; \
	done; \
	echo "No Python 3.13 or later here: the tests that drive Microsoft's worker need one" >&2; \
	test -z "$$TEXTDROP_REQUIRE_WORKER"

.venv-clients/%/.packages: tests/sdk_clients/requirements-%.txt | $(PACKAGES)
	@echo "Installing the client $* into .venv-clients (a quarter of a minute or so)"
	@$(PY) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check -r $<
	@touch $@
