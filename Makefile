# make demo    a simulated company, scored and served at http://127.0.0.1:8765; needs Python 3.11 or newer, nothing else
# make test    everything the tests need, then lint, types and tests
# make engines the same analysis on a second engine        make bench  speed and memory        make clean  take all away
# make truth   companies with planted truth through the whole product: what is found, what is missed (docs/proof.md)
# make oracle  reference numbers for the statistics, by other libraries in an environment of their own

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: demo picture test lint engines bench truth oracle clean

VENV := .venv
NODE := tests/node/node_modules
ORACLE := .venv-oracle
BIN := $(VENV)/bin
# pip is asked quietly; its own word on newer versions is no help here.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

demo: $(VENV)/installed
	$(BIN)/cxcurve demo demo

# The picture in the README.
picture: $(VENV)/installed
	$(BIN)/cxcurve demo demo --no-serve
	$(BIN)/cxcurve -w demo show curve --x position --svg docs/curve.svg

test: $(VENV)/dev $(NODE)/installed lint
	browser=$$(tools/chromium.sh) && echo "Browser: $$browser" && $(BIN)/pytest --ignore=tests/engines --numprocesses auto --dist loadfile

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

engines: $(VENV)/engines
	$(BIN)/pytest tests/engines

truth: $(VENV)/dev
	$(BIN)/cxcurve truth --out docs/proof.md

bench: $(VENV)/dev
	$(BIN)/python -m bench
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.pulse

oracle: $(ORACLE)/installed
	OPENBLAS_NUM_THREADS=1 $(ORACLE)/bin/python -m tools.oracle

clean:
	rm -rf $(VENV) $(ORACLE) $(NODE) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/made:
	python=$$(tools/python.sh) && $$python -m venv $(VENV)
	touch $@

# For running it: the package as anybody would install it.
$(VENV)/installed: $(VENV)/made pyproject.toml $(shell find src -type f -not -path '*/__pycache__/*')
	test -e $(VENV)/dev || $(PIP) install .
	touch $@

# For working on it: the package in place, with what tests and lint need.
$(VENV)/dev: $(VENV)/made pyproject.toml
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --group dev -e .
	touch $@

# One client that sends to us is written in JavaScript; its test says so where there is no npm.
$(NODE)/installed: tests/node/package.json
	mkdir -p $(NODE)
	if command -v npm > /dev/null; then npm install --prefix tests/node --no-package-lock --no-audit --no-fund --silent; fi
	touch $@

$(VENV)/engines: $(VENV)/dev pyproject.toml
	$(PIP) install --group engines
	touch $@

$(ORACLE)/installed: tools/oracle/requirements.txt
	python=$$(tools/python.sh) && $$python -m venv $(ORACLE)
	$(ORACLE)/bin/python -m pip --quiet --disable-pip-version-check install --requirement $<
	touch $@
