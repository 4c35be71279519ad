# Needs Python 3.11 or newer and nothing else. `make` lists what there is.
#   ARGS="…"      options passed on, e.g. make up ARGS="--port 8123 --sandbox-port 8124"
#   PYTHON=…      the interpreter that .venv is made with
.DEFAULT_GOAL := help
.SUFFIXES:
ARGS ?=
export PYTHON

.PHONY: help
help:  ## This list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up:  ## Everything in one command: embedded servers, the sandbox Zid, http, consumer, scheduler
	@.ci/venv requirements.txt
	@exec .venv/bin/wasl up $(ARGS)

.PHONY: test
test: static browser promtool  ## The whole proof: format, lint, types, import rules, every test
	@.venv/bin/python -m pytest -m "not prove" --durations=20 $(ARGS)

.PHONY: check
check: static  ## The fast half: format, lint, types, import rules, risky code, secrets in the tree, unit tests
	@.ci/audit || [ "$$CI" = true ]
	@.venv/bin/python -m pytest -m "not prove" tests/unit $(ARGS)

.PHONY: prove
prove: dev promtool  ## The long proofs, left out of `make test`
	@.venv/bin/python -m pytest -m prove $(ARGS)
	@ONE_DATABASE=1 .venv/bin/python -m pytest tests/acceptance $(ARGS)
	@.venv/bin/python -m pytest -m "not prove" --hypothesis-profile=thorough tests/unit

# Needs the network, and its answer changes without a change of ours: people run it, and CI on a schedule of its own.
.PHONY: audit
audit: dev  ## Do the pinned packages have known vulnerabilities?
	@.ci/audit --strict

.PHONY: chaos
chaos: dev  ## Half an hour in which everything is killed, frozen and taken away under load: nothing is lost or repeated
	@.venv/bin/python -m pytest -s -m prove tests/chaos/test_chaos.py::test_half_an_hour_of_chaos $(ARGS)

.PHONY: docs
docs: dev  ## The documentation as a site: site/index.html, with references written from the code
	@NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict --quiet
	@echo "site/index.html (search needs it served: .venv/bin/python -m http.server --directory site)"

#   ONLY="…"      benchmarks to run, QUICK=1 to see only that they run
.PHONY: bench
bench: dev  ## Every measured promise against the bare limit and its peers, in a quarter of an hour
	@.venv/bin/python -m benchmarks.run $(if $(QUICK),--scale quick) $(ONLY) $(ARGS)

.PHONY: bench-scale
bench-scale: dev  ## The same with 100,000 to 1,000,000 rows: an hour or more
	@.venv/bin/python -m benchmarks.run --scale large $(ONLY) $(ARGS)

.PHONY: format
format: dev  ## Write the code as the linter wants it
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

.PHONY: dev
dev:
	@.ci/venv requirements-dev.txt

.PHONY: browser
browser: dev
	@.ci/browser

.PHONY: promtool
promtool:
	@.ci/promtool

.PHONY: static
static: dev
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m mypy
	@.venv/bin/lint-imports
	@.venv/bin/bandit --quiet --configfile pyproject.toml --recursive core adapters config entrypoints sandbox migrations
	@.venv/bin/python .ci/find_secrets.py
	@.ci/deployment
