PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo install dev test test-portable check docs coverage bench format clean

help:  ## show these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(VENV)/.installed
	$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.benchmark: pyproject.toml constraints.txt $(VENV)/.dev
	$(PIP) -c constraints.txt -e '.[benchmark]'
	@touch $@

install: $(VENV)/.installed  ## make .venv with impasto in it

dev: $(VENV)/.dev  ## the same with the development tools

demo: install  ## paint the bundled photo as The Starry Night (demo.png)
	$(BIN)/impasto optimize castle starry-night --size 512 --output demo.png --force

test: dev  ## everything that CI checks
	$(MAKE) check

test-portable: dev  ## before a release: the tests as on other machines, some two hours
	tests/portable.sh

# Two tests at a time, one thread each: with more, they wait for one another on two cores. The long
# ones are the last: who has none left takes some of the other's.
check coverage: export OMP_NUM_THREADS := 1

check:  ## format, lint, types, structure, dependencies, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/python -m pytest -n 2 --dist worksteal

docs: dev  ## write the generated pages and the site (site/) anew, measuring nothing
	$(BIN)/python docs/generate_reference.py
	$(BIN)/python docs/generate_python.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python docs/build_site.py

coverage: dev  ## which lines no test runs (htmlcov/)
	$(BIN)/python -m pytest -n 2 --cov=impasto --cov-report=html --cov-report=term:skip-covered

# PHOTOS: photos that no network was trained on. PAINTINGS: those of the bundled styles.
# UNSEEN: paintings that no network was trained on.
bench: $(VENV)/.benchmark  ## measure docs/benchmarks.md anew, 40 min (PHOTOS= PAINTINGS= UNSEEN= folders: all of it)
	$(BIN)/python benchmarks/optimize.py
	$(BIN)/python benchmarks/step.py
	$(BIN)/python benchmarks/memory.py castle starry-night
	$(BIN)/python benchmarks/one_pass.py
	$(BIN)/python benchmarks/compare.py
	$(BIN)/python benchmarks/fast.py src/impasto/assets/castle.jpg
	$(if $(PHOTOS),$(BIN)/python benchmarks/train.py "$(PHOTOS)")
	$(if $(and $(PHOTOS),$(PAINTINGS)),$(BIN)/python benchmarks/styles.py "$(PHOTOS)" "$(PAINTINGS)")
	$(if $(and $(PHOTOS),$(UNSEEN)),$(BIN)/python benchmarks/any_style.py "$(PHOTOS)" "$(UNSEEN)")

format:  ## let ruff rewrite what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
