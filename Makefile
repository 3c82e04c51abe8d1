# ResolutionFlow. Everything runs from .venv in this folder, which `scripts/setup` makes.
.POSIX:

help:
	@echo "make demo    sets everything up and serves the demo on http://127.0.0.1:8000 (PORT=8001 changes it); Ctrl-C ends it"
	@echo "make test    sets everything up and runs the whole suite, the browser tests included"
	@echo "make test-fast  the inner loop: no linters, no browser, and no test that is marked slow"
	@echo "make system  the whole examination: processes that are killed, a database that goes away, verbs raced over HTTP"
	@echo "make screenshots  pictures of every page, three widths, both themes (ONLY=queue,context narrows it)"
	@echo "make lint    ruff, djlint, mypy, the direction of imports, and Biome for static/js where npm is installed"
	@echo "make clean   removes the demo's data, the caches and the logs (.venv stays)"

demo:
	@./scripts/setup
	@exec .venv/bin/python -m resolutionflow.demo

test:
	@./scripts/setup dev
	@exec ./scripts/run-tests

test-fast:
	@./scripts/setup dev
	@exec ./scripts/run-tests fast

system:
	@./scripts/setup dev
	@exec ./scripts/run-tests system

screenshots:
	@./scripts/setup dev
	@RESOLUTIONFLOW_BROWSER="$$(./scripts/get-browser | tail -n 1)" .venv/bin/python scripts/screenshots.py $(if $(ONLY),--only $(ONLY)) $(if $(WIDTHS),--widths $(WIDTHS)) $(if $(THEMES),--themes $(THEMES))

lint:
	@./scripts/setup dev
	@exec ./scripts/run-tests lint

clean:
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m resolutionflow.embedded.clean; else rm -rf .data; fi
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache staticfiles test-results
	@find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo test test-fast system screenshots lint clean
