# The verbs of the repository. `make demo` and `make test` need nothing done before; both call `make setup`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PYTHON_OF_OURS := .venv/bin/python
SOURCES := connector sinks schemas tools tests $(wildcard bench)
# Without apt the servers come from a container engine, where there is one.
ENGINE := $(shell command -v apt-get >/dev/null || { docker compose version >/dev/null 2>&1 && echo docker; })

.PHONY: help setup demo test check format bench docs lock stack-up stack-down clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | sort -u | expand -t 20

setup: ## make .venv with the command .venv/bin/rowcast, and fetch the servers
	@tools/setup.sh

ifeq ($(ENGINE),docker)
demo: ## the whole way, from a MySQL through Kafka into two shards, with a kill in the middle
	docker compose --profile demo up --build --abort-on-container-exit --exit-code-from demo

test: ## all checks, then all tests on real servers
	docker compose run --rm test
else
demo: setup ## the whole way, from a MySQL through Kafka into two shards, with a kill in the middle
	@.venv/bin/rowcast demo

test: check ## all checks, then all tests on real servers
	@$(PYTHON_OF_OURS) -m pytest $(PYTEST_ARGS)
endif

check: setup ## style, types, layers, generated documents, compose file
	@.venv/bin/ruff check $(SOURCES)
	@.venv/bin/ruff format --check $(SOURCES)
	@.venv/bin/mypy $(SOURCES)
	@.venv/bin/lint-imports --no-logo
	@$(PYTHON_OF_OURS) -m tools.docs --check
	@$(PYTHON_OF_OURS) -m tools.compose

format: setup ## format the sources
	@.venv/bin/ruff check --fix $(SOURCES)
	@.venv/bin/ruff format $(SOURCES)

docs: setup ## write the generated documents
	@$(PYTHON_OF_OURS) -m tools.docs

bench: setup ## rows per second through the whole pipeline: a table, and JSON in bench/results
	@$(PYTHON_OF_OURS) -m bench $(BENCH_ARGS)

lock: setup ## resolve the dependencies of pyproject.toml anew into the lock files
	@tools/lock.sh

stack-up: setup ## servers to try things with, until stack-down
	@.venv/bin/rowcast-stack up

stack-down: ## stop them
	@[ ! -x .venv/bin/rowcast-stack ] || .venv/bin/rowcast-stack down

clean: stack-down ## remove everything that is not in git: environment, servers, caches
	rm -rf .venv .stack dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
