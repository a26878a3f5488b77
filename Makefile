# make demo   creates the virtual environment, installs, and runs the main job
# make test   set-up and the whole test suite
# make check  ruff, mypy --strict, the import contracts, licences, advisories and the list of parts
# make pages  writes what is generated of the documentation: commands, error codes
# make sbom   writes that list, dist/bookra.cdx.json, from the lock file
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests wait more than they compute: twice the processors keep both busy.
WORKERS ?= 4

.DEFAULT_GOAL := help
.PHONY: help demo test check sbom pages install lock clean

help:
	@sed -n 's/^# make/make/p' Makefile

demo: $(VENV)/.installed
	@$(BIN)/bookra demo

# Hundreds of tests start processes. Where Python is told to write no bytecode, each of these would
# compile all that it imports anew.
test: $(VENV)/.installed-dev
	@$(BIN)/python -m compileall -j 0 -qq $(VENV)/lib bookra migrations tests || true
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python packaging/supply_chain/licences.py
	$(BIN)/python packaging/supply_chain/advisories.py
	$(BIN)/python packaging/supply_chain/sbom.py

sbom: $(VENV)/.installed-dev
	$(BIN)/python packaging/supply_chain/sbom.py

pages: $(VENV)/.installed-dev
	$(BIN)/python packaging/documentation/reference.py
	$(BIN)/python packaging/documentation/error_codes.py

install: $(VENV)/.installed-dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Bookra needs Python 3.11 or newer. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Creating the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python requirements.lock pyproject.toml
	@echo "Installing Bookra and its pinned dependencies"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "Installing the tools that the tests and checks need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Pins the newest releases that pyproject.toml allows, with hashes, for every supported Python.
LOCK = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --quiet pyproject.toml
lock: $(BIN)/python
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) --upgrade --output-file requirements.lock
	$(LOCK) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV)
