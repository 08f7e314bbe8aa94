# One command for each thing people do here. Every target sets up what it needs, once, in .venv.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup report test test-real lint catalogue lab bench check-python

unexport PYTHONDONTWRITEBYTECODE
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN := .venv/bin
# what `make bench` runs, and whom the forecasts are held against: `make bench PEERS=scum` leaves out AutoGluon's four minutes a panel
BENCHMARKS := $(filter-out accuracy calibration companies earlier games measure made_up panels reading runs scores shrinkage watch,$(basename $(notdir $(wildcard benchmarks/*.py))))
PEERS := scum,autogluon
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON := $(shell for each in python3 python3.13 python3.12 python3.11; do \
	"$$each" -c '$(SUPPORTED)' 2>/dev/null && echo "$$each" && break; done)

# what is installed is named by the content of the lock and the project file: where both are the same, nothing is done
CONTENT := import hashlib; print(hashlib.sha256(b"".join(open(each, "rb").read() for each in ("requirements.lock", "pyproject.toml"))).hexdigest()[:16])
INSTALLED := .venv/.installed-$(if $(PYTHON),$(shell $(PYTHON) -c '$(CONTENT)'))

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ ##/' | awk -F ' ## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(INSTALLED)  ## install what the lock says into .venv (every other target does this by itself)

report: $(INSTALLED)  ## the demo company: write its exports, backfill a year, publish its latest closed month, play the month after it
	$(BIN)/salesfc demo
	$(BIN)/salesfc backfill --from 2025-06 --to 2026-05
	$(BIN)/salesfc run
	$(BIN)/salesfc demo --play
	@echo
	@echo "Open in a browser: file://$(CURDIR)/reports/index.html"
	@echo "The month in progress:  file://$(CURDIR)/reports/now/index.html"
	@echo "The demo's truth:  data/truth.json. Its tables, notebooks and records: reports/2026-06/<unit>/"

test: lint  ## everything: lint, types, import order, all tests
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --durations 15 -q

test-real: $(INSTALLED)  ## the Superstore workbook, all four regions and all of its months
	SALESFC_REAL=all $(BIN)/python -m pytest -m real --durations 15

lint: $(INSTALLED)  ## ruff, mypy, import order
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# rooms whose messages are extracted, and files: name=path of what `pybabel extract` reads
MESSAGES := notebooks=notebooks messages.errors=salesfc_lib/errors.py \
	$(foreach room,$(filter-out salesfc_lib/locale/ salesfc_lib/reporting/ salesfc_lib/__%,$(wildcard salesfc_lib/*/)),messages.$(notdir $(room:/=))=$(room))
CATALOGUE := salesfc_lib/locale/zh/LC_MESSAGES
PYBABEL := $(BIN)/pybabel -q
# a run reads the files as they are, so that nothing is compiled; `pybabel compile` takes the "% c" of "80 % confidence" for a format of Python
CATALOGUE_TESTS := tests/foundation/test_language.py tests/reporting/test_catalogue.py tests/reporting/test_languages.py -k "not page"

catalogue: $(INSTALLED)  ## bring new messages of code and notebooks into the gettext files, and check these; what is translated stays
	@mkdir -p reports/.bench
	@for each in $(MESSAGES); do name=$${each%%=*}; po=$(CATALOGUE)/$$name.po; test -e $$po || touch $$po; \
		PYTHONPATH=. $(PYBABEL) extract -F tests/babel.cfg --no-location --no-wrap --omit-header -o reports/.bench/$$name.pot $${each#*=} && \
		$(PYBABEL) update -N --ignore-obsolete --no-wrap --omit-header -l zh -i reports/.bench/$$name.pot -o $$po || exit 1; done
	$(BIN)/python -m pytest -q $(CATALOGUE_TESTS)

lab: $(INSTALLED)  ## JupyterLab on this folder
	$(BIN)/salesfc lab

bench: $(INSTALLED)  ## every benchmark, its rows of plain numbers to reports/.bench/; accuracy and time beside the peers
	@mkdir -p reports/.bench
	@for name in $(BENCHMARKS); do \
		echo "benchmarks/$$name.py"; $(BIN)/python "benchmarks/$$name.py" --out "reports/.bench/$$name.json" || exit 1; done
	$(BIN)/python benchmarks/accuracy.py --peers "$(PEERS)" --out reports/.bench/accuracy.json
	$(BIN)/python benchmarks/accuracy.py --short --peers scum --out reports/.bench/short.json
	$(BIN)/python benchmarks/calibration.py --from reports/.bench/accuracy.json --out reports/.bench/calibration.json

$(INSTALLED): | check-python
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --no-compile -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@# bytecode on all cores, without the packages' own tests; some ship files that are no Python, hence `true`
	$(BIN)/python -m compileall -qq -j 0 -x /tests/ .venv/lib salesfc_lib || true
	@rm -f .venv/.installed-*
	@touch $@

check-python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; \
	python3 here is: $$(python3 --version 2>&1). Install one, or put it first in PATH." >&2; exit 1; }
