# Two commands for a newcomer: `make run` and `make test`. Each sets up what it needs.
PYTHON ?= python3
DEVELOP := .venv
SERVE := .venv-run
HOST ?= 127.0.0.1
PORT ?= 8000
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run test check bench examples clean

run: $(SERVE)/ready
	@echo "http://$(HOST):$(PORT)       try it out at http://$(HOST):$(PORT)/docs"
	@echo "curl -F file=@examples/normal.zip http://$(HOST):$(PORT)/diagnosis"
	@echo "python client.py examples/normal.hea"
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 exec $(SERVE)/bin/uvicorn functions.api.app:app \
		--host $(HOST) --port $(PORT) --no-access-log --log-level warning

test: check
	$(DEVELOP)/bin/python -m pytest --cov

check: $(DEVELOP)/ready
	$(DEVELOP)/bin/ruff format --check .
	$(DEVELOP)/bin/ruff check .
	$(DEVELOP)/bin/mypy
	$(DEVELOP)/bin/lint-imports

# Ratios beside a naive peer in the same run; BENCH_GATE=0.5 fails below half of each target, as CI does.
bench: $(DEVELOP)/ready
	$(DEVELOP)/bin/python -m tests.bench

examples: $(SERVE)/ready
	$(SERVE)/bin/python -m ecg_core synth examples --out examples

$(SERVE)/ready: functions/requirements.txt functions/requirements-local.txt pyproject.toml
	$(PYTHON) -m venv $(SERVE)
	$(SERVE)/bin/pip install -q -r functions/requirements-local.txt
	$(SERVE)/bin/pip install -q -e .
	@touch $@

$(DEVELOP)/ready: requirements.txt functions/requirements.txt functions/requirements-local.txt pyproject.toml
	$(PYTHON) -m venv $(DEVELOP)
	$(DEVELOP)/bin/pip install -q -r requirements.txt
	$(DEVELOP)/bin/pip install -q --no-deps -e .
	@touch $@

clean:
	rm -rf $(DEVELOP) $(SERVE) build dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
