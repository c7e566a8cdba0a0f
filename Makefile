# Everything a developer needs; `make` alone lists it.
#   PYTHON  the interpreter that builds the environment   make PYTHON=python3.12 install
#   VENV    where the environment lies                    make VENV=/tmp/env test

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -qq
# A checkout is compiled like an installed package: else the first command does it, or each one does
# where PYTHONDONTWRITEBYTECODE is set.
COMPILE := $(BIN)/python -m compileall -q ruler graphs prompts rules_store
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

# Stamps carry the Python version, so that another PYTHON builds the environment anew.
ENVIRONMENT := $(VENV)/.stamp-environment-$(VERSION)
CORE := $(VENV)/.stamp-core-$(VERSION)
DEV  := $(VENV)/.stamp-dev-$(VERSION)
DOCS := $(VENV)/.stamp-docs-$(VERSION)
MODELS := $(VENV)/models

.DEFAULT_GOAL := help
.PHONY: help install demo test models test-models check reference picture docs format constraints wheel smoke clean

help: ## list what there is
	@echo "ruler: make TARGET [PYTHON=python3.12] [VENV=.venv]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

install: $(DEV) ## build .venv with ruler and the developers' tools
	@echo "Ready: $(BIN)/ruler"

demo: $(CORE) ## render a small scene, learn it, find what is wrong in it
	@$(BIN)/ruler demo

test: $(DEV) ## run all tests (ARGS="-k replay" for some)
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal $(ARGS)

models: $(MODELS)/.stamp ## build an environment with transformers and vLLM (2 GB)
	@echo "Ready: $(MODELS)"

# Compiled files are kept, whatever the environment says: the engines import the same 5900 modules.
test-models: $(MODELS)/.stamp ## run the tests that need a real model, on a tiny one made here
	@PYTHONDONTWRITEBYTECODE= $(MODELS)/bin/python -m pytest -q -m model tests/models $(ARGS)

check: $(DEV) ## format, lint, types, layers, dependencies, structure, licences, reference
	@echo "ruff format";  $(BIN)/ruff format --check --quiet . || { echo "Mend with: make format"; exit 1; }
	@echo "ruff check";   $(BIN)/ruff check --quiet .
	@echo "mypy";         $(BIN)/mypy
	@echo "lint-imports"; PYTHONPATH=. $(BIN)/lint-imports --no-logo
	@echo "deptry";       $(BIN)/deptry .
	@echo "structure";    $(BIN)/python -m tools.structure
	@echo "public names"; $(BIN)/python -m tools.public_names --check
	@echo "licences";     $(BIN)/python -m tools.licences --check
	@echo "reference";    $(BIN)/python -m tools.reference --check || { echo "Mend with: make reference"; exit 1; }

reference: $(DEV) ## write docs/reference and docs/lint.md anew from the code
	@$(BIN)/python -m tools.reference

picture: demo ## draw the README's picture anew, from a run of the demo
	@$(BIN)/python tools/readme_picture.py

docs: $(DOCS) ## build the documentation into site/
	@$(BIN)/python -m tools.reference --check || { echo "Mend with: make reference"; exit 1; }
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/mkdocs build --strict --quiet
	@! grep -rl --include='*.html' '```' site || { echo "A fence on these pages was not understood."; exit 1; }
	@! grep -rlE --include='*.html' '(src|data)="https?://|<link[^>]* href="https?://' site || { echo "These pages load something from elsewhere."; exit 1; }
	@echo "Ready: site/index.html; its search works where it is served: python -m http.server --bind 127.0.0.1 -d site"

format: $(DEV) ## format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

constraints: $(ENVIRONMENT) ## pin anew: constraints.txt, or constraints-NAME.txt with EXTRA=NAME
	@$(BIN)/python tools/constraints.py $(EXTRA)

wheel: $(DEV) ## build the wheel into dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel -d dist

dist: $(DEV) ## build the sdist and the wheel into dist/, and check what is in them
	@rm -rf dist
	@$(BIN)/python -m hatchling build -d dist
	@$(BIN)/python -m tools.distributions dist

smoke: dist ## install the wheel in a clean environment and use it from another folder
	@$(BIN)/python tools/smoke.py dist/*.whl

clean: ## remove what was built; .venv stays
	@rm -rf dist build site htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find ruler graphs prompts rules_store tests tools examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(ENVIRONMENT):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "ruler needs Python 3.11 or newer; say which: make PYTHON=python3.12 install"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot build environments; on Debian: apt-get install python3-venv"; exit 2; }
	@if [ "$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$(VERSION)" ]; then \
		echo "Building $(VENV) with Python $(VERSION)"; $(PYTHON) -m venv --clear $(VENV); fi
	@rm -f $(VENV)/.stamp-* && touch $@

$(MODELS)/.stamp: $(ENVIRONMENT) pyproject.toml constraints-models.txt tools/models_environment.py
	@echo "Installing transformers and vLLM"
	@$(BIN)/python tools/models_environment.py $(MODELS)
	@touch $@

$(CORE): $(ENVIRONMENT) pyproject.toml constraints.txt
	@echo "Installing ruler"
	@$(PIP) install -c constraints.txt -e .
	@$(COMPILE)
	@touch $@

$(DEV): $(ENVIRONMENT) pyproject.toml constraints.txt
	@echo "Installing ruler and the developers' tools"
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@$(COMPILE)
	@touch $(CORE) $@

$(DOCS): $(DEV)
	@echo "Installing what builds the documentation"
	@$(PIP) install -c constraints.txt -e '.[docs]'
	@touch $@
