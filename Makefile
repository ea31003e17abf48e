# Everything starts from a bare Python 3.11+: `make install` makes .venv, puts uv into it, and syncs the lock.
PYTHON ?= python3
BIN := .venv/bin
# Where `make start` puts the invented registry, and the port it serves it at (0: any free one).
DEMO ?= .demo-registry
PORT ?= 8000
# Containers often forbid Python to keep what it has compiled; the tests start it hundreds of times.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install start test check bench docs clean

install: .venv/.installed

.venv/.installed: pyproject.toml uv.lock $(wildcard src/trialist/index/*.[ch] frontend/*)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	@$(BIN)/uv sync --frozen --quiet
	@test -f src/trialist/pages/static/world.svg || $(BIN)/uv sync --frozen --quiet --reinstall-package trialist
	@touch $@

start: install
	@$(BIN)/trialist demo --registry $(DEMO)
	@echo '$$ trialist search gvhd --status recruiting --limit 3'
	@$(BIN)/trialist search gvhd --status recruiting --limit 3 --registry $(DEMO)
	@echo '$$ trialist show NCT99000000'
	@$(BIN)/trialist show NCT99000000 --registry $(DEMO)
	@echo '$$ trialist serve'
	@$(BIN)/trialist serve --registry $(DEMO) --port $(PORT)

test: install
	$(BIN)/python -m pytest -m "not alone" -n 2 --dist loadfile
	$(BIN)/python -m pytest -m alone -n 2 --dist worksteal

check: install
	$(BIN)/ruff format --check src tests bench docs frontend
	$(BIN)/ruff check src tests bench docs frontend
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m "not heavy and not alone" -n 2 --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=95
	$(BIN)/python -m pytest -m "heavy and not alone" -n 2 --dist loadfile
	$(BIN)/python -m pytest -m alone -n 2 --dist worksteal

bench: install
	$(BIN)/python bench/load.py
	$(BIN)/python bench/start.py

docs: install
	$(BIN)/python docs/build.py

clean:
	rm -rf .venv .demo-registry .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
