# Everything runs in .venv, which is made from pyproject.toml and constraints.txt when they change.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest
# Most tests wait for other processes most of the time. A file's tests stay together; files go in
# their order, since the ones with the fewest and longest tests come first in it.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-full check bench docs haproxy clean
.DEFAULT_GOAL := help

help:  ## show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or later with venv is needed"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -c constraints.txt -e '.[dev]'
	touch $@

haproxy:  ## install HAProxy when it is missing and that is permitted
	@tools/install-haproxy

demo: $(READY) haproxy  ## play the main job against an embedded stack
	$(BIN)/bigip-lbaas demo

test: $(READY) haproxy  ## what must pass before a change lands (under 10 minutes)
	$(MAKE) --no-print-directory lint
	$(PYTEST) tests -m "not full" $(SIDE_BY_SIDE)

test-full: $(READY) haproxy  ## the same with the long matrices
	$(MAKE) --no-print-directory lint
	$(PYTEST) tests $(SIDE_BY_SIDE)

.PHONY: lint
lint: $(READY)
	$(BIN)/ruff format --check --quiet src tests benchmarks tools
	$(BIN)/ruff check --quiet src tests benchmarks tools
	$(BIN)/mypy
	mkdir -p build
	$(BIN)/lint-imports --config pyproject.toml >build/lint-imports.log || { cat build/lint-imports.log; exit 1; }

check: $(READY) lint  ## the quick part: style, types, imports, unit and property tests
	$(PYTEST) tests/unit tests/property tests/house -q $(SIDE_BY_SIDE)

bench: $(READY) haproxy  ## run one benchmark: make bench NAME=line [QUICK=1]
	@test -n "$(NAME)" || { echo "say which: make bench NAME=line"; exit 2; }
	$(BIN)/python -m benchmarks.$(NAME) $(if $(QUICK),--quick)

docs: $(READY)  ## write the generated pages of docs/reference and the samples of deploy/ anew
	$(BIN)/python tools/write_reference.py
	$(BIN)/python tools/write_samples.py
	$(BIN)/python tools/write_placement_cases.py

clean:  ## remove everything that was made
	rm -rf $(VENV) build run .mypy_cache .ruff_cache .pytest_cache .hypothesis
