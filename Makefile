# Every target sets up what it needs: see dev/, and docs for the variables.
PYTHON ?= python3
DEV = $(PYTHON) -B -m dev
export ARGS T RESET KEEP_DB ROWS SEED INVOICES REVERSALS EVENTS SERVERS SHORT HISTORIES

.DEFAULT_GOAL := help
.PHONY: help demo run test bench chaos lint pot shell clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Issue, reverse and receive fapiao against the sandbox cloud, without a browser
	@$(DEV) demo

run: ## Start Odoo with demo data and the sandbox cloud, and keep them up (RESET=1: from scratch)
	@$(DEV) run

test: ## Run all tests, browser tours included (T=tests/test_x.py, ARGS="-k name", KEEP_DB=1)
	@$(DEV) test

bench: ## Measure pulling, matching and searching 100,000 and 1,000,000 received fapiao (ROWS=n: n and 10 n)
	@$(DEV) bench

chaos: ## Issue on several servers while processes die and answers are lost (SHORT=1, SEED=, INVOICES=, REVERSALS=, EVENTS=; HISTORIES=n: n random histories)
	@$(DEV) chaos

lint: ## Check the code with ruff, its formatter and pylint-odoo
	@$(DEV) lint

pot: ## Refresh the translation template and merge it into the Chinese translation
	@$(DEV) pot

shell: ## Open Odoo's Python shell on the database of `make run`
	@$(DEV) shell

clean: ## Stop this checkout's PostgreSQL and remove .odoo (the download cache stays)
	@$(DEV) clean
