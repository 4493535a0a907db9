# Every command works on a fresh machine with Python >= 3.11 and make.
PYTHON ?= python3
PY := .venv/bin/python
export QAITARYM_STARTED := $(shell date +%s)

.DEFAULT_GOAL := help
.PHONY: help install demo stop clean settings test lint bench scorecard docs lock

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: ## make .venv and install the locked packages (the other commands do it by themselves)
	@$(PYTHON) -I runtime/install.py

demo: install ## everything up, the whole chain run once over the sandbox world, the UI left running
	@$(PY) -m runtime demo

stop: install ## end every process of ours and nothing else; the data stay
	@$(PY) -m runtime stop

clean: install ## stop, and delete all data of the demonstration
	@$(PY) -m runtime clean

settings: install ## fill airflow_settings.yaml from the environment and apply it to the running Airflow
	@$(PY) -m runtime settings

lint: install ## style, types, SQL, direction of imports
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m sqlfluff lint --processes 0 --disable-progress-bar sql
	.venv/bin/lint-imports

test: lint ## all the checks that CI runs
	@$(PY) -m runtime browser
	$(PY) -m pytest -rs --numprocesses logical --maxprocesses 4 --dist loadfile --ignore tests/e2e tests
	$(PY) -m pytest -rs tests/e2e

bench: install ## the benchmarks; one with ONLY=name, smaller with SIZE=smoke
	@$(PY) -m bench $(if $(ONLY),--only $(ONLY)) $(if $(SIZE),--size $(SIZE))

scorecard: install ## the statistics against worlds whose truth is known; fewer with WORLDS=200
	@$(PY) -m tools.scorecard $(if $(WORLDS),--worlds $(WORLDS))

docs: install ## make the pages of docs/ that are made from the code
	@$(PY) -m tools.generated_docs

lock: install ## make the lock files anew from requirements.txt
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --output-file requirements.lock requirements.txt
	@grep '^uv==' requirements.bootstrap.lock | cut -d' ' -f1 | .venv/bin/uv pip compile --quiet --universal \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --output-file requirements.bootstrap.lock -
