# Every target may be run again at any time: what is in place is left alone.
# On a Debian system with git, make and python3, `make demo` and `make test` install the rest.

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fmt lock soak bench gallery

PYTHON ?= python3
export PYTHON
bin := .venv/bin

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

setup: ## install what is missing: system packages and .venv, for development and tests
	@bash .ci/setup test

demo: ## set up, then run the whole story on the sample district into out/demo
	@bash .ci/setup demo
	@if [ -e out/demo ]; then echo "demo: out/demo is there from an earlier run; building it again"; fi
	@rm -rf out/demo out/demo.partial
	@mkdir -p out
	@$(bin)/fupin demo --out out/demo
	@echo "demo: the results lie in $(CURDIR)/out/demo"

test: setup ## ruff, mypy, import contracts and all tests on SQLite and PostgreSQL
	@bash .ci/test

check: setup ## the same without the tests: ruff, mypy, import contracts
	@bash .ci/test --static

fmt: setup ## rewrite the sources in the one format
	@$(bin)/ruff check --fix --quiet .
	@$(bin)/ruff format .

lock: setup ## compile the lock files from pyproject.toml (newest versions: make lock UPGRADE=1)
	@bash .ci/lock $(if $(UPGRADE),--upgrade)

soak: ## the long campaigns, which `make test` leaves out
	@FUPIN_SOAK=1 bash .ci/setup test
	@$(bin)/pytest -m soak $(SOAK); code=$$?; \
	if [ $$code = 5 ]; then echo "soak: no campaign is marked soak"; else exit $$code; fi

bench: setup ## measure against the floors in benchmarks/
	@if [ -e benchmarks/run.py ]; then $(bin)/python benchmarks/run.py $(BENCH); \
	else echo "bench: there is no benchmarks/run.py, nothing was measured"; fi

gallery: setup ## draw every paper as pictures, to look at
	@if [ -e docs/gallery.py ]; then $(bin)/python docs/gallery.py $(GALLERY); \
	else echo "gallery: there is no docs/gallery.py, nothing was drawn"; fi
