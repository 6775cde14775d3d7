# Two commands matter: `make demo` and `make test`. Both install what they need into .venv first.
PYTHON ?= python3
STORE ?= demo-store
VENV := .venv
UV := $(VENV)/bin/uv pip install --python $(VENV)/bin/python -c constraints.txt
RUN := $(VENV)/bin

.PHONY: help demo app test lint types imports suite slow bench docs constraints clean
help: ## Show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "perturbome needs Python 3.11 or newer; found $$($(PYTHON) --version). Set PYTHON=python3.12, say."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet uv

$(VENV)/.core: pyproject.toml constraints.txt | $(VENV)/bin/uv
	@echo "Installing perturbome into $(VENV) (about 250 MB to download the first time)"
	$(UV) --quiet -e .
	@touch $@

$(VENV)/.app: pyproject.toml constraints.txt | $(VENV)/bin/uv
	$(UV) --quiet -e '.[app]'
	@touch $@ $(VENV)/.core

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/uv
	$(UV) --quiet -e '.[models,app,jobs,scale,bench,dgl,dev]'
	@touch $@ $(VENV)/.core $(VENV)/.app

demo: $(VENV)/.core ## The main job from end to end; DATA=experiment.h5ad PRIOR="tfs.txt string.txt.gz" for files of yours
	$(RUN)/perturbome demo --store $(STORE) $(if $(DATA),--data $(DATA)) $(foreach file,$(PRIOR),--prior $(file))

app: $(VENV)/.app ## The app on the demo's store (or STORE=folder)
	$(RUN)/perturbome app --store $(STORE)

test: lint types imports suite ## All that CI checks

lint: $(VENV)/.dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: $(VENV)/.dev
	$(RUN)/mypy $(foreach floor,platform ingest models app,-p perturbome.$(floor))

imports: $(VENV)/.dev
	$(RUN)/lint-imports

suite: $(VENV)/.dev
	$(RUN)/python -m pytest tests

quick: $(VENV)/.dev ## The tests that take less than ten seconds each
	$(RUN)/python -m pytest tests -m "not slow and not browser"

bench: $(VENV)/.dev ## Every benchmark of the README's table, then the table itself
	for script in startup slices projection ingest chunked inference growth transitions batches scoring effects consensus crash; do $(RUN)/python -m benchmarks.$$script || exit 1; done
	$(RUN)/python -m benchmarks.table

docs: $(VENV)/.dev ## The pages that are written from the code and from real runs
	$(RUN)/python -m docs.build

constraints: $(VENV)/bin/uv ## Resolve constraints.txt anew
	( echo "# Exact versions of everything perturbome can use, tested together. Made anew by: make constraints"; \
	  echo 'torch==2.13.0' > $(VENV)/torch.txt; \
	  $(VENV)/bin/uv pip compile -q pyproject.toml --python-version 3.11 --no-header --no-annotate -c $(VENV)/torch.txt \
	    --extra models --extra app --extra jobs --extra scale --extra bench --extra dgl --extra dev --extra datasets ) > constraints.new
	mv constraints.new constraints.txt

clean: ## Remove the environment, caches and the demo's store
	rm -rf $(VENV) demo-store* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
