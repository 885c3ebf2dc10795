# `make` alone lists the targets. Everything is set up in .venv; neither root nor a server is needed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
EXTRAS ?= test
STORE  ?= demo/store
export RTCC_STORE := $(STORE)

.DEFAULT_GOAL := help
.PHONY: help setup demo test lab bench clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-8s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed; PYTHON=… names another (now: %s)" % sys.version.split()[0]'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

setup: $(VENV)/.installed ## Install everything into .venv

demo: setup ## The main job on the simulated county: load, analyse, brief
	$(BIN)/rtcc demo --out demo

test: setup ## Run the tests
	$(BIN)/python -m pytest -n auto

lab: setup ## Open JupyterLab on the demo store
	@test -d $(STORE) || $(MAKE) --no-print-directory demo
	$(BIN)/jupyter lab --config=notebooks/jupyter_lab_config.py notebooks/00_start_here.ipynb

bench: setup ## Measure the speed targets (needs RTCC_SHARED for real data)
	$(BIN)/python -m benchmarks

clean: ## Remove the demo and the environment
	rm -rf demo $(VENV)
