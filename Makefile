# `make help` lists the targets. Each target installs what it needs: see scripts/venv and scripts/engine.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help images plan lock audit render build smoke scan release publish test long unit check bench requirements engine tools venv venv-dev clean

GROUP ?= quickstart
ARGS ?=
# Make does not know these, and would build the default group.
$(foreach name,group args,$(if $(filter command,$(firstword $(origin $(name)))),\
  $(error write $(subst group,GROUP,$(subst args,ARGS,$(name)))=..., not $(name)=...: the names of variables are case-sensitive)))
BUILD = ./build.py
# Keep compiled modules even if PYTHONDONTWRITEBYTECODE is set: every process of a test would compile them again.
UNIT = PYTHONDONTWRITEBYTECODE= .venv/bin/python -m pytest -n auto --dist worksteal tests/unit
# Tests that run Ray in one process, the rest in the other: see tests/integration/conftest.py.
INTEGRATION = .venv/bin/python -m pytest -n 2 --dist loadgroup tests/integration

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo "  GROUP=$(GROUP) chooses a group of matrix.yaml; ARGS='--jobs 4' adds options. See also ./build.py --help."

images: venv engine ## Lock, render, build and test the images of GROUP: the main job
	@$(BUILD) images --group $(GROUP) $(ARGS)

plan: venv ## Show which variants can exist, and why the others cannot
	@$(BUILD) plan $(ARGS)

lock: venv ## Pin the packages of every variant whose lock is stale
	@$(BUILD) lock $(ARGS)

audit: venv ## Check the locked packages for advisories of the package index
	@$(BUILD) lock --audit $(ARGS)

render: venv ## Render the Dockerfiles of every variant
	@$(BUILD) render $(ARGS)

build: venv engine ## Build the images of GROUP
	@$(BUILD) build --group $(GROUP) $(ARGS)

smoke: venv engine ## Test the built images of GROUP (ARGS=--contract: check the KubeRay contract)
	@$(BUILD) smoke --group $(GROUP) $(ARGS)

scan: venv engine tools ## Scan the built images of GROUP by the policy of scan.yaml, and write their SBOMs
	@$(BUILD) scan --group $(GROUP) $(ARGS)

release: venv engine tools ## Do all steps from matrix.yaml to published images of GROUP (ARGS=--dry-run: list them)
	@$(BUILD) release --group $(GROUP) $(ARGS)

publish: venv engine ## Push the tested and scanned images of GROUP (ARGS=--dry-run: show which tags would move)
	@$(BUILD) publish --group $(GROUP) $(ARGS)

test: venv-dev ## Run all tests
	@scripts/engine compose sshd cc
	@$(UNIT) $(ARGS)
	@$(INTEGRATION) $(ARGS)

long: venv-dev ## Run the tests that take minutes each: lost nodes, KubeRay samples, deployed manifests
	@scripts/engine compose sshd cc
	@.venv/bin/python -m pytest -m long tests/integration $(ARGS)

unit: venv-dev ## Run the tests that need no engine
	@$(UNIT) $(ARGS)

check: venv-dev ## Lint, check types, and check that locks, Dockerfiles, pipelines, CLI reference and schemas are up to date
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache
	@.venv/bin/codespell -D - -D tools/words.txt
	@.venv/bin/codespell -D tools/words.txt tests
	@.venv/bin/proselint check *.md .github docs
	@.venv/bin/hadolint images/*/Dockerfile
	@$(BUILD) lock --check
	@$(BUILD) render --check
	@$(BUILD) ci github --check
	@$(BUILD) ci gitlab --check
	@.venv/bin/python -m tools.cli_reference --check
	@.venv/bin/python -m tools.schemas --check

bench: venv-dev engine ## Compare with the usual way of building; see docs/reference/measurements.md
	@.venv/bin/python -m benchmarks $(ARGS)

COMPILE = .venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --upgrade --no-header \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

requirements: venv-dev ## Pin the packages of pyproject.toml and requirements-*.in again
	@$(COMPILE) --output-file requirements.txt pyproject.toml
	@$(COMPILE) --output-file requirements-tools.txt requirements-tools.in
	@$(COMPILE) --output-file requirements-dev.txt requirements-dev.in

engine:
	@scripts/engine

tools: venv
	@scripts/tools

venv:
	@scripts/venv requirements.txt

venv-dev:
	@scripts/venv requirements-dev.txt

clean: venv ## Remove what runs left behind
	@$(BUILD) clean
