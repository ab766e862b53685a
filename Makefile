# Two commands do everything on a fresh machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
OUT    ?= demo
COPY   := build/checked

.PHONY: demo test check install bench clean

demo: $(VENV)/.installed
	$(BIN)/tellbench demo --out $(OUT)

# One process a core, with one thread each: threads that share a core wait for one another. Numba, too: its first
# threads can set torch's number to its own.
test: $(VENV)/.installed
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# Floors and types are checked on a built copy: static tools do not follow the editable finder.
check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	rm -rf $(COPY) && $(BIN)/pip install --quiet --no-deps --target $(COPY) .
	cd $(COPY) && ../../$(BIN)/mypy --config-file ../../pyproject.toml -p tellbench
	cd $(COPY) && ../../$(BIN)/lint-imports --config ../../pyproject.toml

bench: $(VENV)/.installed
	$(BIN)/python -m pytest benchmarks --benchmark-columns=min,median,max,rounds

install: $(VENV)/.installed

# One install gives the user's and the developer's packages, so that every command above works from it.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tellbench needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
