# SPDX-License-Identifier: GPL-2.0-or-later
# sidewire's build. `make help` lists what it can do; hack/deps installs what it needs.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
PKG_CONFIG ?= pkg-config

# ARCH=arm64 cross-builds the static programs beside the ordinary build.
ARCH ?=
CROSS_arm64 := aarch64-linux-gnu-
CROSS := $(if $(ARCH),$(or $(CROSS_$(ARCH)),$(error ARCH=$(ARCH) is none of: arm64)))
CC := $(CROSS)gcc
AR := $(CROSS)ar

# SANITIZE=address,undefined builds beside the ordinary build, everything linked dynamically.
SANITIZE ?=
comma := ,
BUILD ?= build$(ARCH:%=/%)$(if $(SANITIZE),/sanitize-$(subst $(comma),-,$(SANITIZE)))
# What Debian does not package as we need it (libiptc's archive, Envoy), put there by hack/deps; for another ARCH all libraries.
DEPS ?= .deps$(ARCH:%=/%)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wcast-qual -Wnull-dereference \
	-Wswitch-enum -Wimplicit-fallthrough $(if $(CI)$(WERROR),-Werror)
HARDENING := -fstack-protector-strong -fstack-clash-protection \
	$(if $(ARCH),-mbranch-protection=standard,-fcf-protection)
ifeq ($(SANITIZE),)
HARDENING += -D_FORTIFY_SOURCE=3
else
SANITIZE_FLAGS := -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. -isystem $(DEPS)/include -DSIDEWIRE_VERSION='"$(VERSION)"' \
	-include common/base/banned.h $(WARNINGS) $(HARDENING) $(SANITIZE_FLAGS) -fPIE -ffunction-sections \
	-fdata-sections $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed $(SANITIZE_FLAGS) $(LDFLAGS)
NL_CFLAGS := $(if $(ARCH),-isystem $(DEPS)/include/libnl3,\
	$(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags libnl-3.0 2>/dev/null)))

# One archive a layer; hack/check-layers looks into those of base/ and core/.
LAYERS := common/base common common/io webhook/core webhook/io cni/core cni/io
sources_of = $(wildcard $(1)/*.c)
objects_of = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
archive_of = $(BUILD)/lib/$(subst /,-,$(1)).a
MAINS := $(wildcard webhook/*main.c cni/*main.c)
ARCHIVES := $(foreach l,$(LAYERS),$(if $(call sources_of,$(l)),$(call archive_of,$(l))))
COMMON := $(filter $(BUILD)/lib/common%,$(ARCHIVES))
# A layer stands before the ones that it uses.
WEBHOOK_LIBS := $(filter %webhook-io.a,$(ARCHIVES)) $(filter %webhook-core.a,$(ARCHIVES)) \
	$(filter %common-io.a,$(COMMON)) $(filter %common.a,$(COMMON)) $(filter %common-base.a,$(COMMON))
CNI_LIBS := $(filter %cni-io.a,$(ARCHIVES)) $(filter %cni-core.a,$(ARCHIVES)) \
	$(filter %common-io.a,$(COMMON)) $(filter %common.a,$(COMMON)) $(filter %common-base.a,$(COMMON))
# The client of the Kubernetes API, for programs that use it. Not for the plugin: it must ask nobody.
KUBE_EXTERNAL := -lcurl-gnutls
WEBHOOK_EXTERNAL := $(KUBE_EXTERNAL) -lmicrohttpd -lgnutls -lfyaml -lnettle -ljansson -lpthread
INJECT_EXTERNAL := -lfyaml -lnettle -ljansson
CNI_EXTERNAL := -L$(DEPS)/lib -lip4tc -lip6tc -lnl-3 -ljansson

NODE_EXTERNAL = $(KUBE_EXTERNAL) -lmicrohttpd -ljansson

STATIC_PROGRAMS := $(BUILD)/sidewire-cni $(BUILD)/sidewire-gate $(BUILD)/sidewire-redirect
# The others need a dozen shared libraries of the other architecture: they are built on a machine of it, as is the image.
PROGRAMS := $(if $(ARCH),,$(BUILD)/sidewire-webhook $(BUILD)/sidewire-inject $(BUILD)/sidewire-node) \
	$(STATIC_PROGRAMS)

.PHONY: all
all: $(PROGRAMS) ## build the programs into build/ (SANITIZE=address,undefined: beside it; WERROR=1; ARCH=arm64: the static ones)

# write_if_other TEXT: the recipe of a file that holds the text, and is as old as the last change of it.
write_if_other = @$(shell mkdir -p $(@D))$(file >$@.new,$(1))if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

.PHONY: FORCE
$(BUILD)/flags: FORCE
	$(call write_if_other,$(CC) $(ALL_CFLAGS))

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(if $(filter cni/io/%,$<),$(NL_CFLAGS)) -MMD -MP -c -o $@ $<

# A source that goes away makes the archive anew, as one that comes does.
define archive_rule
$(call archive_of,$(1)).list: FORCE
	$$(call write_if_other,$(call objects_of,$(call sources_of,$(1))))

$(call archive_of,$(1)): $(call objects_of,$(call sources_of,$(1))) $(call archive_of,$(1)).list
	@rm -f $$@
	$(AR) rcs $$@ $$(filter %.o,$$^)
endef
$(foreach l,$(LAYERS),$(if $(call sources_of,$(l)),$(eval $(call archive_rule,$(l)))))

# These run on hosts and in images of any distribution: nothing dynamic, but for sanitizers.
STATIC_PIE := $(if $(SANITIZE),-pie,-static-pie)

$(BUILD)/sidewire-webhook: $(call objects_of,webhook/main.c) $(WEBHOOK_LIBS)
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(WEBHOOK_EXTERNAL)

$(BUILD)/sidewire-inject: $(call objects_of,webhook/inject_main.c) $(WEBHOOK_LIBS)
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(INJECT_EXTERNAL)

$(BUILD)/sidewire-node: $(call objects_of,cni/node_main.c) $(CNI_LIBS)
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(NODE_EXTERNAL)

$(BUILD)/sidewire-cni: $(call objects_of,cni/main.c) $(CNI_LIBS)
	$(CC) $(ALL_LDFLAGS) $(STATIC_PIE) -o $@ $^ $(CNI_EXTERNAL)

$(BUILD)/sidewire-gate: $(call objects_of,cni/gate_main.c) $(CNI_LIBS)
	$(CC) $(ALL_LDFLAGS) $(STATIC_PIE) -o $@ $^ $(CNI_EXTERNAL)

$(BUILD)/sidewire-redirect: $(call objects_of,cni/redirect_main.c) $(CNI_LIBS)
	$(CC) $(ALL_LDFLAGS) $(STATIC_PIE) -o $@ $^ $(CNI_EXTERNAL)

# Tests: tests/unit mirrors the tree; one runner holds every suite.
UNIT_SOURCES := $(wildcard tests/unit/*.c tests/unit/*/*.c tests/unit/*/*/*.c)
# tests/unit/alloc_fail and kept_log stand between the code under test and these.
UNIT_WRAPPED := malloc calloc realloc strdup strndup json_loadb log_end
$(BUILD)/unit-tests: $(call objects_of,$(UNIT_SOURCES)) $(WEBHOOK_LIBS) $(CNI_LIBS)
	$(CC) $(ALL_LDFLAGS) $(UNIT_WRAPPED:%=-Wl,--wrap=%) -pie -o $@ $^ $(WEBHOOK_EXTERNAL) $(CNI_EXTERNAL) \
		-lcunit

# Programs of the tests: tests/tools/NAME.c becomes build/NAME, and may use every layer.
TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/%,$(wildcard tests/tools/*.c))
$(TOOLS): $(BUILD)/%: $(BUILD)/obj/tests/tools/%.o $(WEBHOOK_LIBS) $(CNI_LIBS)
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(WEBHOOK_EXTERNAL) $(CNI_EXTERNAL)

.PHONY: unit golden merge netns webhook-test offline redirect e2e check
unit: $(BUILD)/unit-tests ## run the unit tests
	$(BUILD)/unit-tests

golden: $(TOOLS) ## compare whole decisions and plans with tests/golden (UPDATE=1 rewrites them)
	BUILD=$(BUILD) tests/golden/run $(if $(UPDATE),--update)

merge: $(TOOLS) ## run the tests on generated pods, with Kubernetes' own strategic merge beside ours
	hack/deps merge
	BUILD=$(BUILD) tests/merge/run

netns: all $(TOOLS) ## run the tests that need network namespaces and real proxies (root)
	BUILD=$(BUILD) tests/netns/run

webhook-test: all $(TOOLS) ## run the tests that ask the running webhook
	BUILD=$(BUILD) tests/webhook/run

offline: all $(TOOLS) ## run the tests of sidewire-inject
	BUILD=$(BUILD) tests/offline/run

redirect: all ## run the tests of sidewire-redirect (root)
	BUILD=$(BUILD) tests/redirect/run

e2e: all ## run the tests on a real Kubernetes of two nodes (root; builds one first, once, in 15 minutes)
	BUILD=$(BUILD) tests/e2e/run

check: ## the fast inner loop: unit, golden, layers, namespaces
	$(MAKE) unit
	$(MAKE) golden
	hack/check-layers $(BUILD)
	BUILD=$(BUILD) tests/layers/run
	$(MAKE) netns

# Fuzzers: tests/fuzz/fuzz_NAME.c becomes build/fuzz/fuzz_NAME; tests/fuzz/run knows compiler and sanitizers. $+ and not $^: what
# both halves use stands behind each of them.
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SHARED := $(call objects_of,$(filter-out tests/fuzz/fuzz_%,$(wildcard tests/fuzz/*.c)))
$(FUZZERS): $(BUILD)/%: $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_SHARED) $(WEBHOOK_LIBS) $(CNI_LIBS)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -pie -o $@ $+ $(WEBHOOK_EXTERNAL) $(CNI_EXTERNAL)

.PHONY: test demo
test: ## install what is missing and run everything there is (root): hack/test
	hack/test

demo: ## install what is missing and show the whole path (root): hack/demo
	hack/demo

.PHONY: fuzzers fuzz fuzz-replay
fuzzers: $(FUZZERS)

fuzz: ## run every fuzzer for FUZZ_SECONDS (60)
	tests/fuzz/run $(or $(FUZZ_SECONDS),60)

fuzz-replay: ## replay the committed corpora
	tests/fuzz/run 0

# Programs of the figures: tests/bench/NAME.c becomes build/bench-NAME, static where they start others.
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/bench-%,$(wildcard tests/bench/*.c))
$(BUILD)/bench-nothing $(BUILD)/bench-spawn: LDFLAGS += -static
$(addprefix $(BUILD)/bench-,nothing spawn connect): $(BUILD)/bench-%: $(BUILD)/obj/tests/bench/%.o
	$(CC) $(ALL_LDFLAGS) -o $@ $^

# bench-review counts allocations.
$(BUILD)/bench-review: LDFLAGS += $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc strdup)
$(BUILD)/bench-review $(BUILD)/bench-paced: $(BUILD)/bench-%: $(BUILD)/obj/tests/bench/%.o $(WEBHOOK_LIBS)
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(WEBHOOK_EXTERNAL)

.PHONY: bench bench-cluster benches
benches: $(BENCHES)

bench: all benches ## print the figures: medians and spread, ratios in one run (root; MILLION=1: memory until a million reviews)
	BUILD=$(BUILD) tests/bench/run

bench-cluster: all ## print the figures on a real Kubernetes of two nodes: start of pods, admission, bursts, memory (root)
	BUILD=$(BUILD) tests/bench/run-cluster

.PHONY: tools print-flags print-version print-programs lint format
tools: $(TOOLS)

print-flags:
	@printf '%s\n' $(ALL_CFLAGS) $(NL_CFLAGS)

print-version:
	@echo $(VERSION)

print-programs:
	@printf '%s\n' $(PROGRAMS)

lint: ## formatting, both compilers, clang-tidy, gcc -fanalyzer, cppcheck, shellcheck
	hack/lint

format: ## rewrite all C sources as .clang-format says
	clang-format-14 -i $$(git ls-files '*.c' '*.h')

.PHONY: image render
image: all ## make build/image/sidewire-VERSION.tar, by buildah or docker; of this machine's architecture only
	$(if $(ARCH),$(error there is no image for ARCH=$(ARCH): make it on a machine of that architecture))
	BUILD=$(BUILD) hack/image

KUBECTL ?= $(firstword $(wildcard .deps/cluster/bin/kubectl) kubectl)
render: ## print the manifests as one file, for kubectl apply -f (OVERLAY=k3s, gke, openshift)
	@$(KUBECTL) kustomize manifests$(OVERLAY:%=/overlays/%)

SHARE = $(DESTDIR)$(PREFIX)/share
.PHONY: install clean help
install: all ## install under DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/cni $(addprefix $(SHARE)/,sidewire/profiles man/man1 \
		bash-completion/completions zsh/site-functions) $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(BUILD)/sidewire-webhook $(BUILD)/sidewire-inject $(BUILD)/sidewire-node $(BUILD)/sidewire-gate \
		$(BUILD)/sidewire-redirect $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/sidewire-cni $(DESTDIR)$(PREFIX)/libexec/cni
	install -m 644 manifests/profiles/*.yaml $(SHARE)/sidewire/profiles
	install -m 644 webhook/man/*.1 cni/man/*.1 $(SHARE)/man/man1
	install -m 644 cni/systemd/*.service $(DESTDIR)$(PREFIX)/lib/systemd/system
	for program in sidewire-inject sidewire-redirect; do \
		$(BUILD)/$$program completion bash >$(SHARE)/bash-completion/completions/$$program && \
		$(BUILD)/$$program completion zsh >$(SHARE)/zsh/site-functions/_$$program || exit 1; \
	done

clean: ## remove what was built (what hack/deps installed stays)
	rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
