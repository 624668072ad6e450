# `make run` and `make test` are all one needs to try Tapwealth; the rest is for working on it.
# Options for a command go into ARGS: make run ARGS="--fresh".

BIN := .venv/bin
ARGS ?=
PYTEST := $(BIN)/python -m pytest
# A command starts many processes: what Python has compiled is kept for all of them, also where the environment asks for nothing to be kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev browser card-reader soft-token fuzzer run demo test soak check format bench lock clean
.PHONY: check-style check-types check-imports check-tidy check-locks

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## make the environment (.venv) for the program
	@sh tools/setup.sh run

setup-dev: ## the same, with what checks and tests need
	@sh tools/setup.sh dev

browser: # what the tests of the pages need from the system
	@sh tools/browser.sh

card-reader: setup-dev # what PC/SC readers need from the system
	@sh tools/card_reader.sh

soft-token: # what the tests of PKCS#11 keys need from the system
	@sh tools/soft_token.sh

run: setup ## play the week, then serve it until Ctrl-C; data is kept
	@exec $(BIN)/tapwealth demo --serve $(ARGS)

demo: setup ## the same story from nothing, without serving; exit 0 if every proof holds
	@exec $(BIN)/tapwealth demo --fresh --data-dir build/demo $(ARGS)

test: setup-dev browser card-reader soft-token ## every test but the long ones, on all cores (ARGS="-n 0": in one process)
	@$(PYTEST) -m "not soak" -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

fuzzer: setup-dev # what coverage-guided fuzzing needs, into build/fuzz
	@sh tools/fuzzer.sh

soak: setup-dev fuzzer ## the long randomised and kill runs
	@TAPWEALTH_EXAMPLES=all $(PYTEST) -m "soak or dear" $(ARGS)

check: setup-dev ## style, types, import rules, tidy rules, locks
	@$(MAKE) --no-print-directory --keep-going check-style check-types check-imports check-tidy check-locks

check-style:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

check-types:
	@$(BIN)/mypy
	@$(BIN)/mypy tools/tidy tools/check_locks.py

check-imports:
	@$(BIN)/lint-imports --no-logo

check-tidy:
	@PYTHONPATH=tools $(BIN)/python -m tidy

check-locks:
	@$(BIN)/python tools/check_locks.py

format: setup-dev ## put the sources into the house style
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: setup ## measure the ledger
	@mkdir -p build
	@$(BIN)/tapwealth bench ledger --json $(ARGS) | tee build/bench-ledger.json

lock: ## make the hashed locks anew from requirements/*.in
	@sh tools/lock.sh

clean: ## remove what was made here (the environment and the played data stay)
	@rm -rf build/bench-ledger.json .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
