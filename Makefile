# Every target installs and builds what it needs first. `make help` lists them.

PORT ?= 5000
SEEDS ?= 10000
export CHROMIUM ?= /usr/bin/chromium

.DEFAULT_GOAL := start
.PHONY: start pool gateway web programs checkers python servers build test check lint reference package simulate clean help chromium
.NOTPARALLEL: # the order of what is said here is the order in which it is done

start: build ## Install, build, and start the example on http://localhost:5000 (PORT=8080 for another port)
	@echo '== start: http://localhost:$(PORT), until Ctrl-C'
	@PORT=$(PORT) exec node examples/observatory/dist/back/server.js

pool: build programs ## Run the whole pattern: nginx, two web servers, two gateways, the message proxy, a supervisor
	@PORT=$(PORT) exec deploy/start

gateway: ## Launch one more gateway into the running pool: make gateway N=3
	@supervisorctl -s unix://run/supervisor.sock start gateways:gateway-$(N)

web: ## Launch one more web server into the running pool: make web N=3
	@supervisorctl -s unix://run/supervisor.sock start webs:web-$(N)

build: node_modules/.package-lock.json ## Compile the package and the example
	@echo '== build'
	@npm run -s build

test: build chromium programs checkers python servers ## Run all tests: on Node, on Bun, and the example in Chromium
	@npm run -s test

check: clean ## All that a release needs, from a clean tree: lint, build, tests, reference, package
	@$(MAKE) --no-print-directory lint build test reference package
	@echo '== check: all is well'

lint: node_modules/.package-lock.json ## Check format and rules, and look for unused files, exports and dependencies
	@echo '== lint'
	@npm run -s lint

reference: node_modules/.package-lock.json ## Build the API reference in docs/dist/reference; fails on an undocumented name
	@echo '== reference'
	@npm run -s reference

package: build ## Check the npm package: its subpaths, and the types of each
	@echo '== package'
	@npm run -s package

simulate: node_modules/.package-lock.json ## Search SEEDS=10000 simulated runs for a lost or repeated message
	@echo '== simulate: $(SEEDS) seeds'
	@npm run -s simulate -- --seeds $(SEEDS)

clean: ## Remove what make made, except node_modules
	@rm -rf dist examples/*/dist docs/dist .cache coverage

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{ printf "make %-10s %s\n", $$1, $$2 }'

node_modules/.package-lock.json: package-lock.json
	@echo '== install: npm ci, about 20 seconds'
	@npm ci
	@touch $@

chromium:
	@test -x "$$CHROMIUM" || .ci/install chromium

programs:
	@export PATH=$$PATH:/usr/sbin; command -v nginx >/dev/null && command -v supervisord >/dev/null || .ci/install nginx-light supervisor

checkers: # of the files in deploy/ that make does not run
	@command -v caddy >/dev/null && command -v systemd-analyze >/dev/null || .ci/install caddy systemd

python: # Debian's python3 has the module venv, and without its package nothing to put pip into an environment
	@python3 -c 'import ensurepip, venv' 2>/dev/null || .ci/install python3-venv

servers:
	@for program in redis-server nats-server openssl; do command -v $$program >/dev/null || .ci/install $$program; done
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || .ci/install postgresql
