# irst: one non-recursive Makefile. `make help` lists the targets.
#   CC=clang          another compiler             SANITIZE=1   AddressSanitizer + UBSan, under build/sanitize
#   V=1               show whole commands
#   BUILD=dir         where objects and tests go   BINDIR=dir   where the programs go (default bin)

V        ?= 0
Q := $(if $(filter 1,$(V)),,@)
CC       ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
SANITIZE ?= 0
ifeq ($(SANITIZE),1)
BUILD    ?= build/sanitize
BINDIR   ?= build/sanitize/bin
OPT      ?= -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDFLAGS  += -fsanitize=address,undefined
else
BUILD    ?= build
BINDIR   ?= bin
OPT      ?= -O3 -g
endif

PACKAGES := hdf5 openblas libpng inih libzip jansson popt cairo
VERSION  := 0.1.0
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wvla -Werror
CPPFLAGS += -D_GNU_SOURCE -DIRST_VERSION='"$(VERSION)"' -I.
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES)))
ALL_CFLAGS = -std=c11 $(OPT) $(WARN) -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math \
             $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS)
LDLIBS   += $(shell pkg-config --libs $(PACKAGES)) -lm -lpthread

# Kernel bodies are compiled once per instruction set. gcc's own tuning for new AMD processors spills
# registers in the convolution tiles; icelake-server tuning does not.
FLAGS_portable := -DKERNEL_ISA=portable
FLAGS_avx2     := -DKERNEL_ISA=avx2 -march=x86-64-v3
FLAGS_avx512   := -DKERNEL_ISA=avx512 -march=x86-64-v4 -mtune=icelake-server -mprefer-vector-width=512
ISAS := portable
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
ISAS += avx2 avx512
CPPFLAGS += -DKERNEL_X86
endif

FOLDERS  := core autograd modules datasets train eval bench
SOURCES  := $(shell find $(FOLDERS) -name '*.c' ! -name 'main_*' ! -name 'dnnl_*' ! -path 'core/kernels/*')
KERNELS  := $(wildcard core/kernels/*.c)
OBJECTS  := $(SOURCES:%.c=$(BUILD)/obj/%.o) $(foreach i,$(ISAS),$(KERNELS:%.c=$(BUILD)/obj/%.$(i).o))
MAINS    := $(shell find $(FOLDERS) -name 'main_*.c')
PROGRAMS := $(foreach m,$(MAINS),$(BINDIR)/$(subst _,-,$(patsubst main_%,%,$(basename $(notdir $(m))))))
LIBRARY  := $(BUILD)/libirst.a

# A program of the tests is a file tests/FOLDER/{test,compare,replay}_NAME.c; all others there are linked to each.
TEST_SOURCES := $(shell find tests -name 'test_*.c' -o -name 'compare_*.c' -o -name 'replay_*.c')
TEST_HELPERS := $(filter-out $(TEST_SOURCES),$(shell find tests -name '*.c'))
TESTS        := $(foreach t,$(TEST_SOURCES),$(BUILD)/tests/$(basename $(notdir $(t))))

.PHONY: all tests test bench-dnnl check-packages clean help format format-check
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS) ## build the programs (default)

# `make test` installs what is missing itself.
ifeq ($(filter clean help test,$(MAKECMDGOALS)),)
ifneq ($(shell pkg-config --exists $(PACKAGES) && echo yes),yes)
$(error a package is missing: $(shell pkg-config --print-errors --exists $(PACKAGES) 2>&1 | head -1) - run scripts/setup.sh)
endif
endif

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@echo "  AR   $@"
	$(Q)ar rcs $@ $(OBJECTS)

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC   $@"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define kernel_rule
$(BUILD)/obj/core/kernels/%.$(1).o: core/kernels/%.c Makefile
	@mkdir -p $$(@D)
	@echo "  CC   $$@"
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(FLAGS_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call kernel_rule,$(i))))

define program_rule
$(BINDIR)/$(subst _,-,$(patsubst main_%,%,$(basename $(notdir $(1))))): $(BUILD)/obj/$(basename $(1)).o $(LIBRARY)
	@mkdir -p $$(@D)
	@echo "  LD   $$@"
	$$(Q)$$(CC) $$(OPT) -fopenmp $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach m,$(MAINS),$(eval $(call program_rule,$(m))))

# The only thing here that needs oneDNN (apt-get install libdnnl-dev); nothing else looks for it.
bench-dnnl: $(BINDIR)/bench-dnnl ## build bin/bench-dnnl: our convolutions against oneDNN's; needs libdnnl-dev

$(BINDIR)/bench-dnnl: $(BUILD)/obj/bench/dnnl_conv.o $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(OPT) -fopenmp $(LDFLAGS) -o $@ $^ -ldnnl $(LDLIBS)

define test_rule
$(BUILD)/tests/$(basename $(notdir $(1))): $(BUILD)/obj/$(basename $(1)).o $(TEST_HELPERS:%.c=$(BUILD)/obj/%.o) $(LIBRARY)
	@mkdir -p $$(@D)
	@echo "  LD   $$@"
	$$(Q)$$(CC) $$(OPT) -fopenmp $$(LDFLAGS) -o $$@ $$^ -lcmocka $$(LDLIBS)
endef
$(foreach t,$(TEST_SOURCES),$(eval $(call test_rule,$(t))))

tests: $(TESTS) ## build the test programs

test: ## install what is missing, run every test, plain and with sanitizers; last line: N passed, N failed
	scripts/test.sh

format: ## lay out the code with clang-format
	clang-format -i $(shell git ls-files '*.c' '*.h')

format-check: ## fail if clang-format would change a file
	clang-format --dry-run -Werror $(shell git ls-files '*.c' '*.h')

clean: ## remove everything built
	rm -rf build bin

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

-include $(OBJECTS:.o=.d) $(BUILD)/obj/bench/dnnl_conv.d $(MAINS:%.c=$(BUILD)/obj/%.d) $(TEST_SOURCES:%.c=$(BUILD)/obj/%.d) $(TEST_HELPERS:%.c=$(BUILD)/obj/%.d)
