# make demo : fit recorded motion and say which symmetries it has (builds .venv first)
# make test : the whole test suite
# make lint : ruff, with the rules of pyproject.toml
# make nightly : the test suite again, with the oldest versions that are supported; and slow tests,
#                of several processes, clusters and large tables

PYTHON ?= python3
BIN := .venv/bin
EXTRAS := test

.PHONY: demo test lint nightly clean

demo: .venv/ready
	$(BIN)/python -m sksofteq demo --output demo

test: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

nightly: .venv-oldest/ready .venv-clusters/ready
	OMP_NUM_THREADS=1 .venv-oldest/bin/python -m pytest -n 2
	OMP_NUM_THREADS=1 .venv-clusters/bin/python -m pytest -m nightly tests

.venv/ready: constraints.txt pyproject.toml
.venv-oldest/ready: constraints-oldest.txt pyproject.toml
.venv-clusters/ready: constraints-clusters.txt constraints.txt pyproject.toml
.venv-clusters/ready: EXTRAS = test,clusters

.venv/ready .venv-oldest/ready .venv-clusters/ready:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -c $< torch
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -c $< -e ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf .venv .venv-oldest .venv-clusters demo
