# The commands of the house. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000
export COMMONTY_PORT := $(PORT)

# Many processes load the same thousand modules: without bytecode each of them compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

define lint
$(BIN)/ruff check .
$(BIN)/ruff format --check .
$(BIN)/lint-imports
$(BIN)/djlint --quiet --lint core cms plugins
$(BIN)/mypy
$(BIN)/commonty locale check
endef

.PHONY: help install demo test check prove assets clean

help: ## what there is to run
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.venv/.installed: deploy/locks/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r deploy/locks/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

core/ui/assets/.built: core/ui/package-lock.json core/ui/build.py $(wildcard core/ui/src/*) .venv/.installed
	$(BIN)/python core/ui/build.py
	@touch $@

assets: core/ui/assets/.built ## build the look from npm packages into core/ui/assets

install: .venv/.installed core/ui/assets/.built ## set up this checkout: Python packages, assets, translations
	@$(BIN)/commonty locale compile

demo: install ## the whole service on this machine; FRESH=1 begins anew, PORT=8000, LOGIN=keycloak for the real sign-in
	@$(BIN)/commonty demo $(if $(FRESH),--fresh) $(if $(LOGIN),--login $(LOGIN))

check: install ## the fast checks: lint, types, layers, words, unit tests
	$(lint)
	$(BIN)/pytest tests/domain tests/plugins

test: install ## everything that can be tested on this machine
	$(lint)
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

prove: install ## what takes longer than a test run may: benches at full size
	$(BIN)/commonty bench scale
	$(BIN)/commonty bench equal-shares

clean: ## stop the embedded services and remove what was built; data in var/ stays
	-$(BIN)/commonty services down
	rm -rf .venv core/ui/assets core/ui/node_modules
