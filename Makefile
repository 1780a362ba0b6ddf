# Two commands do everything: `make demo` and `make test`.

FITS = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.12 python3.13 python3.11; do $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
BIN := .venv/bin

.PHONY: demo env test test-long test-faults lint bench planted docs lock clean
.DELETE_ON_ERROR:

demo: env  ## set up, then audit the embedded demo
	$(BIN)/snakemake --cores $(CORES) --quiet rules
	@echo; echo "The report: file://$(CURDIR)/results/report/index.html"

# `make env GPU=1`: with CUDA and cuDNN, 7 GB in all. Kept by a later `make env` or `make test`.
env: .venv/installed$(if $(GPU),-gpu)  ## the locked packages in .venv; GPU=1 adds CUDA and cuDNN

.venv/installed-gpu: requirements-gpu.lock .venv/installed
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-gpu.lock
	@touch $@
	@PYTHONPATH=workflow/scripts $(BIN)/python -m jobs.gpu_check

.venv/installed: requirements.lock
	@test -n "$(PYTHON)" || { echo "convaudit needs Python 3.11 to 3.13; none is on the PATH. Name yours: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/python -c 'import cv2' || { echo "OpenCV needs two system libraries: apt-get install libgl1 libglib2.0-0"; exit 1; }
	@touch $@

.venv/installed-test: requirements-test.lock .venv/installed
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-test.lock
	@touch $@

test: .venv/installed-test lint  ## everything that must hold before a change lands
	$(BIN)/python -m pytest --numprocesses $(CORES)

test-long: .venv/installed-test  ## the demo against a model without the sticker, and against warm photos: 5 to 10 minutes
	$(BIN)/python -m pytest tests/long

test-faults: .venv/installed-test  ## kill small audits 24 times at random moments: half an hour
	$(BIN)/python tests/faults.py 24

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/snakemake --lint
	$(BIN)/python -m pytest --quiet --setup-plan tests/long >/dev/null

bench: .venv/installed-test  ## docs/benchmarks.md: measure every figure again, on a quiet machine; an hour
	$(BIN)/python benchmarks/page.py

planted: .venv/installed-test  ## docs/planted.md: plant shortcuts and search for them; takes hours, continues where it stopped
	$(BIN)/python benchmarks/planted.py run

docs: .venv/installed-test  ## generate config.yaml, the config's schema and its documentation
	PYTHONPATH=workflow/scripts $(BIN)/python -m planning.generated.documentation

COMPILE = uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --quiet

lock:  ## renew the locks from pyproject.toml, and conda's environments from the locks
	$(COMPILE) -o requirements.lock
	$(COMPILE) --constraint requirements.lock --extra gpu -o requirements-gpu.lock
	$(COMPILE) --constraint requirements.lock --extra test -o requirements-test.lock
	PYTHONPATH=workflow/scripts $(BIN)/python -m planning.generated.conda_environments

clean:
	rm -rf results/* .snakemake
