# Every verb is documented beside its name; `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup run-setup quickstart test unit servers clients e2e lint format generated fuzz bench lock clean

help: ## List the verbs
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(VENV)/.run: requirements/run.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "binauthz needs Python 3.11 or newer, got " + sys.version.split()[0] + ": make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/.dev ## Install everything needed to work on the project into .venv

run-setup: $(VENV)/.run ## Install what is needed to run it, and no more

quickstart: $(VENV)/.run ## Run the whole story on this machine and print what happened
	$(BIN)/python -m examples.quickstart

test: setup lint ## Everything that has to hold: lint, unit, servers, clients, end to end
	$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder tests

unit: setup ## Tests without sockets or external programs
	$(PYTEST) -q -m "not servers and not clients" tests

servers: setup ## Tests that start servers on 127.0.0.1
	$(PYTEST) -q -m "servers and not clients" tests

clients: setup ## Tests that drive gcloud, kubectl, openssl and gpg
	$(PYTEST) -q -m clients tests

e2e: setup ## The deploy page, step by step, with the unmodified clients
	$(PYTEST) -v tests/e2e

lint: setup ## Format, lint, types, import contracts, generated files
	$(BIN)/ruff format --check src tests tools bench examples
	$(BIN)/ruff check src tests tools bench examples
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Rewrite the sources in the house format
	$(BIN)/ruff format src tests tools bench examples
	$(BIN)/ruff check --fix src tests tools bench examples

generated: setup ## Check that generated files equal what their generators make
	$(BIN)/python -m tools.make_descriptors --check
	$(BIN)/python -m tools.make_coverage --check
	$(BIN)/python -m tools.make_configuration --check
	$(BIN)/python -m tools.make_cli_reference --check

fuzz: setup ## Fuzz every method over REST and gRPC for ten minutes (SECONDS=600)
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600)

bench: setup ## Run the benchmarks and print their tables
	$(BIN)/python -m bench

lock: setup ## Rewrite the locked requirements from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --no-header --generate-hashes --no-emit-index-url --universal --python-version 3.11 pyproject.toml --group build -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --no-header --generate-hashes --no-emit-index-url --universal --python-version 3.11 pyproject.toml --group dev -o requirements/dev.txt

clean: ## Remove what the verbs above made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
