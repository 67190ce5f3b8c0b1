# The two commands: `make demo` and `make test`. Each sets up what it needs; a second call starts at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WORKERS ?= 2
# Tests that start nothing wait about as long as they work.
FAST_WORKERS ?= 6
# Where it is set, as in many images, each of the many processes of a demo or a test would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo up down test cover check lint bench proof lock clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(INSTALLED): requirements.lock pyproject.toml scripts/setup
	@$(PYTHON) scripts/setup

demo: $(INSTALLED) ## run the shop behind the proxy and follow the plan (ARGS=--exit ends by itself)
	@$(BIN)/python -m demo $(ARGS)

up: $(INSTALLED) ## start the stack alone: shop, services, proxy
	@$(BIN)/python -m demo.up $(ARGS)

down: $(INSTALLED) ## stop what `make up` started
	@$(BIN)/python -m demo.down

test: $(INSTALLED) ## lint, types, contracts and every test
	@$(PYTHON) scripts/setup --system
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --hypothesis-profile=thorough $(ARGS)

cover: $(INSTALLED) ## every test once more, slower, with the lines and branches that none goes through
	@$(PYTHON) scripts/setup --system
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=term:skip-covered $(ARGS)

check: $(INSTALLED) lint ## lint, types, contracts and the fast tests
	$(BIN)/python -m pytest -n $(FAST_WORKERS) --dist loadgroup -m "not slow" -q $(ARGS)

lint: $(INSTALLED) ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED) ## measure, beside the peers, in one run
	@$(PYTHON) scripts/setup --system --bench
	@$(BIN)/python -m benchmarks $(ARGS)

proof: $(INSTALLED) ## prove the verdict of shadow traffic right, in most of an hour (ARGS="--quick": in minutes)
	@$(BIN)/python -m tests.proof $(ARGS)

lock: ## resolve requirements.lock and requirements-bench.lock anew
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --extra proxy --extra django --group dev pyproject.toml -o requirements.lock \
	  --custom-compile-command "make lock" $(ARGS)
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --group peers -o requirements-bench.lock --custom-compile-command "make lock" $(ARGS)

clean: ## remove what the commands above made
	rm -rf $(VENV) .demo .strangler .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* dist
