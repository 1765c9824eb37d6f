# Every target makes or reuses .venv by itself; nothing here needs more than Python 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help demo up pictures test chaos reliability check check-archive format openapi bench lock clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -E '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv: $(STAMP)  ## the environment: locked dependencies with their hashes, then this project
$(STAMP): requirements.lock pyproject.toml sdk/pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . -e ./sdk
	@touch $@

demo: $(STAMP)  ## the main job, start to end, in a fresh directory; then everything stops
	$(BIN)/python docs/demo.py

up: $(STAMP)  ## the same service and sandbox, left running (Ctrl-C stops it)
	$(BIN)/topmast-service up --sandbox --scale 0.004 --data topmast-data

pictures: $(STAMP)  ## draw docs/pictures/ anew: the sandbox's sky, fetched through the API
	$(BIN)/python docs/pictures.py

test: check  ## check, then every test (three at a time: most of them wait for something)
	$(BIN)/python -m pytest -n 3 --dist loadfile

chaos: $(STAMP)  ## the long chaos run: workers killed at random, Redis restarted, faults on every tenth request
	$(BIN)/python -m pytest -m chaos --hypothesis-profile=default tests/chaos tests/machines

reliability: $(STAMP)  ## write docs/reliability.md: what becomes of a bundle under each fault, as the run shows it
	WRITE_RELIABILITY=1 $(BIN)/python -m pytest tests/reliability

check-archive: $(STAMP)  ## recorded rows of MAST in DATA=DIR through topmast and back, cell by cell; writes docs/fidelity.md
	$(BIN)/python -m tests.fidelity.check $(DATA)

check: $(STAMP)  ## ruff, format, mypy (strict), import-linter, openapi.yaml as the code says
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/topmast-service openapi --check openapi.yaml

format: $(STAMP)  ## let ruff set the layout and the import order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: $(STAMP)  ## write openapi.yaml from the running code
	$(BIN)/topmast-service openapi --write openapi.yaml

bench: $(STAMP)  ## what there is to measure, side by side in one run; bench-NAME for one
	$(BIN)/python -m bench

bench-%: $(STAMP)
	$(BIN)/python -m bench $*

lock: $(STAMP)  ## move the locked versions on, on purpose
	$(BIN)/uv pip compile pyproject.toml sdk/pyproject.toml --upgrade --extra dev --extra progress --extra table \
	  --generate-hashes --no-header --no-emit-package topmast --no-emit-package topmast-service \
	  --python-version 3.11 --quiet --output-file requirements.lock

clean:  ## forget the environment and what the demo left
	rm -rf .venv demo
