# guiju: everything a developer runs. `make` alone prints the list.

GO        ?= go
# What is tested, and with which flags: make test PACKAGES=./store/... TESTFLAGS=-v
PACKAGES  ?= ./...
TESTFLAGS ?=
# How long each fuzz target runs.
FUZZTIME  ?= 5m
# Packages that depend on this one are fuzzed without coverage guidance; empty: none.
UNGUIDED  ?=
# Further arguments: make sandbox ARGS="--platform-listen 127.0.0.1:9090"
ARGS      ?=
# A Monday morning, so that half-hour deadlines fall into working hours.
START     ?= 2026-03-02T10:00:00+08:00

# timetzdata puts the time zones into the binary: it needs nothing beside itself.
BUILDFLAGS  = -trimpath -tags timetzdata -ldflags '-s -w'
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

sandbox: ## Try it: a simulated WeCom with a web page, and guiju beside it (Monday 10:00)
	$(GO) run ./cmd/guiju sandbox --start $(START) $(ARGS)

test: ## Run all tests; MySQL, Redis and Chromium are used when present
	@$(GO) test -timeout 30m $(TESTFLAGS) $(PACKAGES); status=$$?; $(MAKE) --no-print-directory -s left-out; exit $$status

race: ## The same under the race detector (needs a C compiler)
	@$(MAKE) --no-print-directory test TESTFLAGS="-race $(TESTFLAGS)"

# Go's fuzzer sometimes reports the end of its own time as a failure; a target
# fails when an input did, which the fuzzer then names.
fuzz: ## Run every fuzz target for FUZZTIME (5m) each
	@mkdir -p bin; log="$(CURDIR)/bin/fuzz.log"; \
	judge() { \
		status=$$1; cat "$$log"; \
		if [ "$$status" -eq 0 ]; then return 0; fi; \
		if grep -q 'Failing input written' "$$log" || ! grep -q '^ *context deadline exceeded$$' "$$log"; then return 1; fi; \
		echo "the fuzzer's time ran out, no input failed"; \
	}; \
	grep -rEn --include='*_test.go' '^func Fuzz' . \
	| sed -E 's|^\./(.*)/[^/]*_test\.go:[0-9]+:func (Fuzz[A-Za-z0-9_]*).*|\1 \2|' | sort \
	| while read -r dir target; do \
		echo "fuzz $$dir $$target $(FUZZTIME)"; \
		if [ -n "$(UNGUIDED)" ] && $(GO) list -deps -test "./$$dir" | grep -qx '$(UNGUIDED)'; then \
			echo "without coverage guidance, since it would take longer to build than to run: $$dir depends on $(UNGUIDED)"; \
			$(GO) test -c -o bin/fuzz.test "./$$dir" || exit 1; \
			(cd "$$dir" && "$(CURDIR)/bin/fuzz.test" -test.run '^$$' -test.fuzz "^$$target$$" -test.fuzztime $(FUZZTIME) \
				-test.fuzzminimizetime 1x -test.fuzzcachedir "$(CURDIR)/bin/fuzz" </dev/null >"$$log" 2>&1); \
		else \
			$(GO) test "./$$dir" -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x </dev/null >"$$log" 2>&1; \
		fi; \
		judge $$? || exit 1; \
	done

permissions: ## Write the permission matrix of the manual anew
	$(GO) test ./app -run '^TestPermissionMatrixIsFresh$$' -update

bench: ## Run all benchmarks
	$(GO) test -run '^$$' -bench . -benchmem $(TESTFLAGS) $(PACKAGES)

load: ## Measure the whole program over HTTP on loopback, beside a bare server
	GUIJU_LOAD=1 $(GO) test ./app/load -run 'TestLoad|TestSteady|TestProcess|TestSize|TestContacts' -count=1 -v -timeout 30m $(TESTFLAGS)

lint: ## Check formatting, go vet and staticcheck; golangci-lint too when installed
	@test -z "$$(gofmt -l .)" || { echo "not formatted (make fmt):"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) -checks inherit,-ST1005 ./... # errors may begin with the name of a key
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed: .golangci.yml was left out"; fi

fmt: ## Format all Go files
	gofmt -w .

build: ## Build the static binary bin/guiju
	CGO_ENABLED=0 $(GO) build $(BUILDFLAGS) -o bin/guiju ./cmd/guiju

docker: ## Build the container image guiju
	docker build -t guiju .

ci: ## What CI runs, from installing the services to the smoke test
	.ci/run

# left-out names in one line what the tests had to do without.
left-out:
	@out=""; \
	[ -n "$$GUIJU_TEST_MYSQL_DSN" ] || out="$$out, MySQL (set GUIJU_TEST_MYSQL_DSN)"; \
	[ -n "$$GUIJU_TEST_REDIS" ] || out="$$out, Redis (set GUIJU_TEST_REDIS)"; \
	for name in chromium chromium-browser google-chrome google-chrome-stable; do command -v $$name; done | grep -q . || out="$$out, Chromium (not installed)"; \
	if [ -n "$$out" ]; then echo "left out:$${out#,}"; else echo "left out: nothing"; fi

.PHONY: help sandbox test race fuzz permissions bench load lint fmt build docker ci left-out
