# One command each. Every target first makes its own environment in .venv: by uv when it is there,
# else by python3 and pip. The stamp makes the second run instant. Nothing is left outside this folder.
# The demo takes only what the product needs (requirements.lock), everything else also what tests and
# builds it (requirements-dev.lock, with the same versions).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PRODUCT := $(VENV)/.product
STAMP := $(VENV)/.stamp
SOAK_S ?= 7200
SOAK_MINUTES ?= 10
CHAOS_RUNS ?= 1000
FAST := not slow and not faults and not postgres
COVERAGE := --cov --cov-report=term:skip-covered --cov-report=json:build/coverage.json

export UV_NO_CACHE := 1
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-all peers oracles check format reference bench soak lock clean

help:
	@echo "make demo      see it work: no key, no network"
	@echo "make test      the tests, with branch coverage (under 5 minutes)"
	@echo "make test-all  also the slow ones and the fault suite"
	@echo "make peers     other people's clients on the simulated exchange"
	@echo "make oracles   other people's backtests on the same candles"
	@echo "make check     format, lint, types, imports, rules of the house"
	@echo "make format    write the format that check wants"
	@echo "make reference write docs/reference from the code"
	@echo "make bench     measure the product's targets"
	@echo "make soak      kill the engine CHAOS_RUNS=$(CHAOS_RUNS) times, break the market for SOAK_MINUTES=$(SOAK_MINUTES), run the demo for SOAK_S=$(SOAK_S)"
	@echo "make lock      write both locks anew"

$(PRODUCT): requirements.lock pyproject.toml
$(STAMP): requirements-dev.lock pyproject.toml
$(PRODUCT) $(STAMP):
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
		|| { echo "aitrader needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 2; }
	@if command -v uv >/dev/null 2>&1; then \
		{ test -x $(BIN)/python || uv venv -q --clear --python "$$(command -v $(PYTHON))" $(VENV); } \
		&& uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r $< \
		&& uv pip install -q --python $(BIN)/python --no-deps -e .; \
	else \
		{ test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV); } \
		&& $(BIN)/python -m pip install -q --no-cache-dir --require-hashes -r $< \
		&& $(BIN)/python -m pip install -q --no-cache-dir --no-deps -e .; \
	fi
	@touch $@

demo: $(PRODUCT)
	@$(BIN)/aitrader demo

test: $(STAMP)
	@mkdir -p build
	$(BIN)/python -m pytest -n 2 -m "$(FAST)" $(COVERAGE)
	$(BIN)/python tools/coverage_floor.py build/coverage.json

test-all: $(STAMP)
	@mkdir -p build
	$(BIN)/python -m pytest -n 2 --timeout 600 $(COVERAGE)
	$(BIN)/python tools/coverage_floor.py build/coverage.json

peers: $(STAMP)
	@test -x build/peers/bin/python || { $(PYTHON) -m venv build/peers \
		&& build/peers/bin/python -m pip install -q --upgrade "pip>=25.1" \
		&& build/peers/bin/python -m pip install -q --group peers; }
	$(BIN)/python -m pytest -q tests/peers

oracles: $(STAMP)
	@test -x build/oracles/bin/python || { $(PYTHON) -m venv build/oracles \
		&& build/oracles/bin/python -m pip install -q --upgrade "pip>=25.1" \
		&& build/oracles/bin/python -m pip install -q --group oracles; }
	$(BIN)/python -m pytest -q tests/oracles

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/house

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(STAMP)
	PYTHONPATH=. $(BIN)/python tools/reference.py

bench: $(STAMP)
	$(BIN)/python bench/run.py

soak: $(STAMP)
	$(BIN)/python bench/chaos.py --account live --runs $(CHAOS_RUNS) --seed 7 --lanes 4 --json
	$(BIN)/python bench/soak.py --minutes $(SOAK_MINUTES) --json
	$(BIN)/python bench/soak_terminal.py --minutes $(SOAK_MINUTES)
	$(BIN)/aitrader demo --headless --for $(SOAK_S) --symbols 100 --speed 60 --json --data-folder build/soak

lock: $(STAMP)
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header --all-extras \
		--no-config --upgrade -q -o requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header --extra data \
		--extra ed25519 --no-config --upgrade -q -c requirements-dev.lock -o requirements.lock
	$(BIN)/python tools/lock_is_clean.py requirements-dev.lock requirements.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
