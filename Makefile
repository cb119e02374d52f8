# The commands of this repository. `make demo` and `make test` are all a newcomer needs.
SWIFT ?= swift
BUILD := $(SWIFT) build --enable-all-traits
BIN = $(shell $(BUILD) --show-bin-path)

.PHONY: demo test test-comparison test-hosts test-examples test-modules test-field-cases test-interop test-proxies test-sanitize mutants fuzz generate docs api-check lint bench bench-check bench-compare deb test-deb man soak install-headers deps

demo: deps
	$(BUILD)
	$(BIN)/mcp-auth-dev demo $(ARGS)

test: deps
	scripts/test.sh

test-comparison: deps
	scripts/test-comparison.sh

test-hosts: deps
	scripts/test-hosts.sh

test-examples: deps
	scripts/test-examples.sh

test-modules: deps
	scripts/test-modules.sh

test-field-cases: deps
	scripts/test-field-cases.sh

test-interop: deps
	scripts/test-interop.sh

test-proxies: deps
	scripts/test-proxies.sh

test-sanitize: deps
	scripts/test-sanitize.sh

mutants: deps
	scripts/mutants.sh $(ARGS)

fuzz: deps
	scripts/fuzz.sh

generate: deps
	scripts/generate.sh

docs: deps
	scripts/docs.sh

api-check: deps
	scripts/api-check.sh

lint: deps
	scripts/lint.sh

bench: deps
	scripts/bench.sh

bench-check: deps
	scripts/bench-check.sh

bench-compare: deps
	scripts/bench-compare.sh

# The Debian package, in .build-deb.
deb: deps
	scripts/deb.sh

# Installs it in a new minimal system, runs it there and removes it; needs root.
test-deb: deps
	scripts/test-deb.sh $(ARGS)

# Writes docs/man from the program and docs/configuration.md.
man: deps
	$(BUILD) --product mcp-auth
	scripts/man.py --program $(BIN)/mcp-auth

# Many subjects behind real proxies for SOAK_SECONDS, while what they need is killed and changed.
soak: deps
	scripts/soak.sh

# Installs the header that modules in C, C++ and other languages are built with: `pkg-config --cflags mcp-auth-plugin`.
PREFIX ?= /usr/local
install-headers:
	install -d "$(DESTDIR)$(PREFIX)/include" "$(DESTDIR)$(PREFIX)/lib/pkgconfig"
	install -m 644 Sources/CMCPAuthModule/include/mcp_auth_module.h "$(DESTDIR)$(PREFIX)/include"
	sed 's|@PREFIX@|$(PREFIX)|' scripts/mcp-auth-plugin.pc.in >"$(DESTDIR)$(PREFIX)/lib/pkgconfig/mcp-auth-plugin.pc"

# Installs the C libraries with apt, when they are missing.
deps:
	@scripts/install-libraries.sh
