# Two commands do everything: `make demo` and `make test`.

PYTHON ?= $(shell command -v python3.12 || command -v python3.11 || command -v python3.13 || command -v python3)
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
BIN := .venv/bin

.PHONY: demo env test lint bench docs lock clean
.DELETE_ON_ERROR:

demo: env  ## set up, then audit the embedded demo
	$(BIN)/snakemake --cores $(CORES) --quiet rules
	@echo; echo "The report: file://$(CURDIR)/results/report/index.html"

env: .venv/installed  ## the locked packages in .venv

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"convaudit needs Python 3.11 to 3.13, found {v[0]}.{v[1]}: make PYTHON=/path/to/python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/python -c 'import cv2' || { echo "OpenCV needs two system libraries: apt-get install libgl1 libglib2.0-0"; exit 1; }
	@touch $@

.venv/installed-test: requirements-test.lock .venv/installed
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-test.lock
	@touch $@

test: .venv/installed-test lint  ## everything that must hold before a change lands
	$(BIN)/python -m pytest

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

docs: .venv/installed-test  ## what is generated: the config's schema and its documentation
	PYTHONPATH=workflow/scripts $(BIN)/python -m planning.documentation

lock:  ## renew both locks from pyproject.toml
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --quiet -o requirements.lock
	uv pip compile pyproject.toml --extra test --constraint requirements.lock --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --quiet -o requirements-test.lock

clean:
	rm -rf results/* .snakemake
