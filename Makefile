# Targets for people and for the build. Only python3 (3.11 or newer), its venv module and make are needed.

PYTHON ?= python3
JOBS   ?= 2
BIN    := .venv/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Exact versions, also in the isolated environment that builds the package: older pips (23) take the first
# variable for both, newer ones (26) want the second. Relative to this folder, where make runs: pip splits
# the value at spaces, so the absolute path of a folder with a space in its name would fail.
export PIP_CONSTRAINT       := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
# Figures go to files; no display is needed.
export MPLBACKEND := Agg

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help venv demo test lint types unit bench format clean

help:  ## Show this list
	@grep -E '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1|\2/' \
	  | while IFS='|' read -r target text; do printf '  make %-8s %s\n' "$$target" "$$text"; done

venv: .venv/.installed-dev  ## Create .venv with the package (editable) and all tools

demo: .venv/.installed-plot  ## Solve the shipped case dprk_2017; pictures in demo_output/
	$(BIN)/python examples/02_dprk_2017.py

test: lint types unit  ## All that a change must pass: lint, types and tests

lint: .venv/.installed-dev  ## Style, formatting and the direction of imports
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/lint-imports

types: .venv/.installed-dev  ## Types of src/
	$(BIN)/python -m mypy

unit: .venv/.installed-dev  ## Tests, with the examples in docstrings (JOBS=2 processes)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

bench: .venv/.installed-dev  ## Measure: a table, and pictures in benchmarks/output (15 minutes)
	$(BIN)/python benchmarks/run.py

format: .venv/.installed-dev  ## Rewrite the code in house style
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

clean:  ## Remove what builds, tests, benchmarks and the demo leave behind; .venv stays
	rm -rf build dist demo_output benchmarks/output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf src/*.egg-info
	find src tests examples benchmarks -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# A stamp per set of extras; older than pyproject.toml or constraints.txt, it is made again. `venv` on an
# existing .venv repairs what an interrupted run left and keeps what is installed.
.venv/.installed-%: pyproject.toml constraints.txt
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[$*]'
	@touch $@
