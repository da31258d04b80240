# irst: one non-recursive Makefile. `make help` lists the targets.
#   CC=clang          another compiler             SANITIZE=1   AddressSanitizer + UBSan, under build/sanitize
#   V=1               show whole commands          SANITIZE=undefined, thread, fuzz   UBSan, ThreadSanitizer (with
#                                                  clang), both of 1 and libFuzzer's counters (with clang)
#   WERROR=1          warnings are errors          CPPFLAGS= CFLAGS= LDFLAGS= LDLIBS=   added to the project's own
#   TEST_LDFLAGS=     of the test programs alone, which are many: -fuse-ld=lld links them in half the time
#   BUILD=dir         where objects and tests go   BINDIR=dir   where the programs go (default bin)
#   STATIC=1          make all: one file, BINDIR/detect, that needs no library and no other file than weights
#   MPI=0             without MPI, where mpicc is   MPICC=mpicc   which one
#   PREFIX=dir        make install: where to (default /usr/local)   LIBDIR=dir (PREFIX/lib)   DESTDIR=dir in front of all

# All paths are relative to this folder: make's lists of words could not hold one with a blank in it.
ifeq ($(wildcard scripts/install.sh),)
$(error this Makefile works in its own folder: make -C FOLDER instead of make -f FOLDER/Makefile)
endif

V        ?= 0
Q := $(if $(filter 1,$(V)),,@)
CC       ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
WERROR   ?= 0
SANITIZE ?= 0
STATIC   ?= 0
ifneq ($(and $(filter 1,$(STATIC)),$(filter install install-strip,$(MAKECMDGOALS))),)
$(error STATIC=1 makes one file, which runs wherever it is copied to: there is nothing to install)
endif
SANITIZERS_1         := address,undefined
SANITIZERS_undefined := undefined
SANITIZERS_thread    := thread
SANITIZERS_fuzz      := address,undefined,fuzzer-no-link
ifeq ($(SANITIZE),0)
BUILD    ?= build
BINDIR   ?= bin
OPT      ?= -O3 -g
else ifneq ($(SANITIZERS_$(SANITIZE)),)
BUILD    ?= build/sanitize$(patsubst %,-%,$(filter-out 1,$(SANITIZE)))
BINDIR   ?= $(BUILD)/bin
OPT      ?= -O1 -g1 -fno-omit-frame-pointer
CHECKS   := -fsanitize=$(SANITIZERS_$(SANITIZE)) -fno-sanitize-recover=all -DSANITIZED
else
$(error SANITIZE=$(SANITIZE): expected 0, 1, undefined, thread or fuzz)
endif

# What the user gives in CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS is added to what the project needs, never put in its place.
VERSION  := 0.1.0
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wvla \
            $(if $(filter 1,$(WERROR)),-Werror)
DEFINES  := -D_GNU_SOURCE -DIRST_VERSION='"$(VERSION)"' -I.
MODE     := -fPIC -fvisibility=hidden -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math
# These targets compile nothing themselves: `make test` installs what is missing before it builds.
BUILDS   := $(filter-out clean help uninstall dist fuzz test test-full test-package test-static test-aarch64 test-onnx test-browser coverage check-static api-docs mutate format format-check,$(or $(MAKECMDGOALS),all))
ifneq ($(BUILDS),)
LIBRARY_CFLAGS := $(shell CC='$(CC)' scripts/find_libraries.sh cflags)
ifneq ($(.SHELLSTATUS),0)
$(error libraries are missing, see above)
endif
LIBRARY_LIBS := $(shell CC='$(CC)' scripts/find_libraries.sh libs)
ONNX_LIBS := $(shell CC='$(CC)' scripts/find_libraries.sh onnx-libs)
ifeq ($(STATIC),1)
STATIC_LIBS := $(shell CC='$(CC)' scripts/find_libraries.sh static)
ifneq ($(.SHELLSTATUS),0)
$(error libraries to link statically are missing, see above)
endif
endif
endif
# Several processes train together where there is MPI for what is compiled; sanitizers would find its own leaks. Only
# programs with core/base/job.h need it: never the library.
MPICC    ?= mpicc
ifneq ($(BUILDS),)
ifeq ($(SANITIZE)$(shell $(CC) -dumpmachine | cut -d - -f 1),0$(shell uname -m))
MPI      ?= $(if $(shell command -v $(MPICC) 2> /dev/null),1,0)
endif
endif
MPI      ?= 0
ifeq ($(MPI),1)
MPI_CFLAGS := $(shell scripts/find_mpi.sh '$(MPICC)' cflags)
ifneq ($(.SHELLSTATUS),0)
$(error MPI=1, but $(MPICC) does not say how to compile for MPI)
endif
MPI_LIBS := $(shell scripts/find_mpi.sh '$(MPICC)' libs)
endif
OTHER_JOB := core/base/job_$(if $(filter 1,$(MPI)),alone,mpi).c
# Of the shared library, what its functions do not need is left out: for that each function has a section of its own.
SECTIONS := $(if $(CHECKS),,-ffunction-sections -fdata-sections)
COMPILE = $(CC) -std=c11 $(OPT) $(CHECKS) $(WARN) $(MODE) $(DEFINES) $(LIBRARY_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK    = $(CC) $(OPT) $(CHECKS) -fopenmp $(CFLAGS) $(LDFLAGS)
LIBS    = $(LIBRARY_LIBS) -lm -lpthread $(LDLIBS)
LINKED  = $(filter %.o,$^) $(filter %.a,$^)

# How programs are linked. What replaces a member of the archive stands in front of it.
PROGRAM_LINK = $(LINK)
PROGRAM_LIBS = $(LIBS)
ifeq ($(STATIC),1)
WITHOUT      = $(if $(filter -lzip,$(STATIC_LIBS)),,$(BUILD)/obj/modules/torch/without_libzip.o)
PROGRAM_LINK = $(LINK) -static -Wl,--gc-sections
PROGRAM_LIBS = $(STATIC_LIBS) -lm -lpthread $(LDLIBS)
endif

# Kernel bodies are compiled once per instruction set. gcc's own tuning for new AMD processors spills
# registers in the convolution tiles; icelake-server tuning does not.
FLAGS_portable := -DKERNEL_ISA=portable
FLAGS_avx2     := -DKERNEL_ISA=avx2 -march=x86-64-v3
FLAGS_avx512   := -DKERNEL_ISA=avx512 -march=x86-64-v4 -mtune=icelake-server -mprefer-vector-width=512
FLAGS_vnni     := $(FLAGS_avx512) -mavx512vnni -UKERNEL_ISA -DKERNEL_ISA=vnni
# On ARM, gcc would move loads so far ahead that tiles of 16 sums spill.
ifneq ($(filter aarch64%,$(shell $(CC) -dumpmachine)),)
FLAGS_portable += -fno-schedule-insns -Wno-ignored-optimization-argument
endif
ISAS := portable
# Parsers compute nothing: for fuzzing, the kernels that every processor has are enough.
ifneq ($(and $(filter x86_64%,$(shell $(CC) -dumpmachine)),$(filter-out fuzz,$(SANITIZE))),)
ISAS := avx512 avx2 portable
VNNI := core/kernels/conv_byte_rows
DEFINES += -DKERNEL_X86
endif

# `make -n`, -q and -t leave what they ask about as it is.
ONLY_ASKS := $(strip $(foreach letter,n q t,$(findstring $(letter),$(filter-out --%,$(firstword -$(MAKEFLAGS))))))

# Every object depends on a file that changes when the compiler or a flag does, so that `make CC=clang` rebuilds.
STAMP    := $(BUILD)/flags
ifneq ($(BUILDS),)
FLAGS_NOW := $(shell $(CC) --version | head -n 1) | $(COMPILE) $(SECTIONS) | $(foreach i,$(ISAS) vnni,$(FLAGS_$(i))) | $(LINK) $(LIBS) | $(MPI_CFLAGS) $(MPI_LIBS)
ifneq ($(file <$(STAMP)),$(FLAGS_NOW))
ifeq ($(ONLY_ASKS),)
$(shell mkdir -p $(BUILD))$(file >$(STAMP),$(FLAGS_NOW))
else
.PHONY: $(STAMP)
endif
endif
endif

# The same for programs: what is in BINDIR may have been linked otherwise, or from another BUILD.
LINKING  := $(BINDIR)/.linking
ifneq ($(BUILDS),)
LINKING_NOW := $(BUILD) $(PROGRAM_LINK) $(WITHOUT) $(PROGRAM_LIBS)
ifneq ($(file <$(LINKING)),$(LINKING_NOW))
ifeq ($(ONLY_ASKS),)
$(shell mkdir -p $(BINDIR))$(file >$(LINKING),$(LINKING_NOW))
else
.PHONY: $(LINKING)
endif
endif
endif

FOLDERS  := core autograd modules datasets train eval bench library
SOURCES  := $(filter-out $(OTHER_JOB),$(shell find $(FOLDERS) -name '*.c' ! -name 'main_*' ! -name 'dnnl_*' ! -name 'without_*' ! -path 'core/kernels/*' ! -path 'modules/onnx/*'))
KERNELS  := $(wildcard core/kernels/*.c)
# Files that programs hold as texts: core/html/page.css is `const char page_css[]`.
TEXTS    := $(shell find $(FOLDERS) -name '*.css' -o -name '*.js' -o -name '*.html')
# Kernels first: conv_rows with many registers and sanitizers takes clang a minute, in which all else can be built.
OBJECTS  := $(foreach i,$(ISAS),$(KERNELS:%.c=$(BUILD)/obj/%.$(i).o)) $(VNNI:%=$(BUILD)/obj/%.vnni.o) $(SOURCES:%.c=$(BUILD)/obj/%.o) \
            $(TEXTS:%=$(BUILD)/obj/%.o)
MAINS    := $(shell find $(FOLDERS) -name 'main_*.c')
PROGRAMS := $(if $(filter 1,$(STATIC)),$(BINDIR)/detect,$(foreach m,$(MAINS),$(BINDIR)/$(subst _,-,$(patsubst main_%,%,$(basename $(notdir $(m)))))))
LIBRARY  := $(BUILD)/libirst.a

# The programs that several processes may run together.
JOBS     := $(foreach p,$(BINDIR) $(BUILD)/failing,$(p)/train $(p)/evaluate) $(BINDIR)/bench
$(JOBS): LIBS += $(MPI_LIBS)
$(BUILD)/obj/core/base/job_mpi.o: LIBRARY_CFLAGS += $(MPI_CFLAGS)

# A program of the tests is a file tests/FOLDER/{test,compare,replay}_NAME.c; all others there are linked to each.
TEST_SOURCES := $(shell find tests -name 'test_*.c' -o -name 'compare_*.c' -o -name 'replay_*.c')
TEST_HELPERS := $(filter-out $(TEST_SOURCES) tests/fuzz/% tests/modules/onnx/%,$(shell find tests -name '*.c' ! -name 'wrap_*'))
TESTS        := $(foreach t,$(TEST_SOURCES),$(BUILD)/tests/$(basename $(notdir $(t))))

# What writes ONNX is no part of the library, and needs the schema in C.
ONNX_SCHEMA   := $(BUILD)/onnx/onnx.pb-c
ONNX_OBJECTS  := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard modules/onnx/*.c)) $(ONNX_SCHEMA).o
ONNX_TESTS    := $(patsubst tests/modules/onnx/%.c,$(BUILD)/tests/%,$(filter tests/modules/onnx/%,$(TEST_SOURCES)))
ONNX_TEST_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/modules/onnx/*.c))
ONNX_PROGRAMS := $(BINDIR)/convert $(BUILD)/failing/convert $(ONNX_TESTS)

# Programs in which one allocation of our own code can be made to fail (tests/allocations).
FAILING := $(foreach p,train evaluate detect convert prepare,$(BUILD)/failing/$(p))
WRAPPED := malloc calloc realloc aligned_alloc strdup strndup getline open_memstream vasprintf fopen opendir mmap \
           pthread_create

# What other programs link: of the library's objects those that its public functions need. In the archive they are one
# object, and only irst_ is visible in it.
PREFIX   ?= /usr/local
LIBDIR   ?= $(PREFIX)/lib
PUBLIC   := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard library/*.c))
PUBLIC_LIBS = $(shell CC='$(CC)' scripts/find_libraries.sh public-libs) -lm -lpthread $(LDLIBS)
SHARED   := $(BUILD)/lib/libirst.so.$(firstword $(subst ., ,$(VERSION)))
ARCHIVE  := $(BUILD)/lib/libirst.a
PLACE    := DESTDIR='$(DESTDIR)' scripts/install.sh

.PHONY: all library install install-strip uninstall dist tests fuzzers fuzz test test-full test-package test-static test-aarch64 test-onnx test-browser coverage check-static api-docs mutate bench-dnnl clean help format format-check
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS) ## build the programs (default)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@echo "  AR   $@"
	$(Q)ar rcs $@ $(OBJECTS)

$(BUILD)/obj/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	@echo "  CC   $@"
	$(Q)$(COMPILE) $(SECTIONS) -MMD -MP -c -o $@ $<

$(BUILD)/texts/%.c: %
	@mkdir -p $(@D)
	$(Q){ echo 'extern const char $(subst .,_,$(<F))[];'; echo 'const char $(subst .,_,$(<F))[] = {'; \
	    od -A n -v -t u1 $< | sed 's/ *\([0-9][0-9]*\)/\1,/g'; echo '0};'; } > $@

$(BUILD)/obj/%.o: $(BUILD)/texts/%.c $(STAMP)
	@mkdir -p $(@D)
	@echo "  CC   $@"
	$(Q)$(COMPILE) -c -o $@ $<

# Makes the header, too.
$(ONNX_SCHEMA).c: modules/onnx/onnx.proto $(STAMP)
	@mkdir -p $(@D)
	@echo "  GEN  $(ONNX_SCHEMA).c"
	$(Q)protoc-c --proto_path=modules/onnx --c_out=$(@D) $(<F)

$(ONNX_SCHEMA).h: $(ONNX_SCHEMA).c
	@:

$(ONNX_SCHEMA).o: $(ONNX_SCHEMA).c
	@echo "  CC   $@"
	$(Q)$(COMPILE) -w -c -o $@ $<

$(ONNX_TESTS): $(BUILD)/obj/tests/modules/onnx/read_model.o
$(ONNX_OBJECTS) $(ONNX_TEST_OBJECTS): | $(ONNX_SCHEMA).h
$(ONNX_OBJECTS) $(ONNX_TEST_OBJECTS): DEFINES += -isystem $(BUILD)/onnx
$(ONNX_PROGRAMS): $(ONNX_OBJECTS)
$(ONNX_PROGRAMS): LIBS += $(ONNX_LIBS)

define kernel_rule
$(BUILD)/obj/core/kernels/%.$(1).o: core/kernels/%.c $(STAMP)
	@mkdir -p $$(@D)
	@echo "  CC   $$@"
	$$(Q)$$(COMPILE) $$(FLAGS_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach i,$(ISAS) vnni,$(eval $(call kernel_rule,$(i))))

define program_rule
$(BINDIR)/$(subst _,-,$(patsubst main_%,%,$(basename $(notdir $(1))))): $(BUILD)/obj/$(basename $(1)).o $(WITHOUT) $(LIBRARY) $(LINKING)
	@mkdir -p $$(@D)
	@echo "  LD   $$@"
	$$(Q)$$(PROGRAM_LINK) -o $$@ $$(LINKED) $$(PROGRAM_LIBS)
endef
$(foreach m,$(MAINS),$(eval $(call program_rule,$(m))))

# The one program that serves pages.
$(BINDIR)/browse: PROGRAM_LIBS += $(shell CC='$(CC)' scripts/find_libraries.sh server-libs)
$(BUILD)/obj/eval/browse/browse_server.o: LIBRARY_CFLAGS += $(shell CC='$(CC)' scripts/find_libraries.sh server-cflags)

library: $(SHARED) $(ARCHIVE) ## build libirst.so and libirst.a for other programs, in build/lib

$(SHARED): $(PUBLIC) $(LIBRARY) library/irst.map
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(LINK) -shared -Wl,-soname,$(@F) -Wl,--version-script=library/irst.map -Wl,--as-needed -Wl,--no-undefined \
	    -Wl,--gc-sections \
	    -o $@ $(PUBLIC) $(LIBRARY) $(PUBLIC_LIBS)

$(ARCHIVE): $(PUBLIC) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  AR   $@"
	$(Q)rm -f $@
	$(Q)ld -r -o $(@:.a=.o) $(PUBLIC) $(LIBRARY)
	$(Q)objcopy --localize-hidden $(@:.a=.o)
	$(Q)ar rcs $@ $(@:.a=.o)
	$(Q)rm $(@:.a=.o)

install install-strip: all library ## install everything under PREFIX; install-strip: without debug information
	$(Q)$(PLACE) $@ $(BUILD) $(BINDIR) $(VERSION) '$(PREFIX)' '$(LIBDIR)' '-fopenmp $(PUBLIC_LIBS)'

uninstall: ## remove what install put there; give it the same PREFIX, LIBDIR and DESTDIR
	$(Q)$(PLACE) $@ $(BUILD) $(BINDIR) $(VERSION) '$(PREFIX)' '$(LIBDIR)' ''

dist: ## build/irst-VERSION.tar.gz: the files of the last commit
	@mkdir -p $(BUILD)
	git archive --prefix=irst-$(VERSION)/ -o $(BUILD)/irst-$(VERSION).tar.gz HEAD

# The only thing here that needs oneDNN (apt-get install libdnnl-dev); nothing else looks for it.
bench-dnnl: $(BINDIR)/bench-dnnl ## build bin/bench-dnnl: our convolutions against oneDNN's; needs libdnnl-dev

$(BINDIR)/bench-dnnl: $(BUILD)/obj/bench/dnnl_conv.o $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(LINK) -o $@ $^ -ldnnl $(LIBS)

define test_rule
$(BUILD)/tests/$(basename $(notdir $(1))): $(BUILD)/obj/$(basename $(1)).o $(TEST_HELPERS:%.c=$(BUILD)/obj/%.o) $(LIBRARY)
	@mkdir -p $$(@D)
	@echo "  LD   $$@"
	$$(Q)$$(LINK) $$(TEST_LDFLAGS) -o $$@ $$(LINKED) -lcmocka $$(LIBS)
endef
$(foreach t,$(TEST_SOURCES),$(eval $(call test_rule,$(t))))

define failing_rule
$(BUILD)/failing/$(subst _,-,$(patsubst main_%,%,$(basename $(notdir $(1))))): $(BUILD)/obj/$(basename $(1)).o $(BUILD)/obj/tests/allocations/wrap_allocations.o $(LIBRARY)
	@mkdir -p $$(@D)
	@echo "  LD   $$@"
	$$(Q)$$(LINK) $$(TEST_LDFLAGS) $$(WRAPPED:%=-Wl,--wrap=%) -o $$@ $$(LINKED) $$(LIBS)
endef
$(foreach m,$(MAINS),$(eval $(call failing_rule,$(m))))

tests: $(TESTS) $(FAILING) ## build the test programs

# A target of libFuzzer is a file tests/fuzz/fuzz_NAME.c; all others there are linked to each.
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_HELPERS := $(filter-out $(FUZZ_SOURCES),$(wildcard tests/fuzz/*.c))
FUZZERS      := $(FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/fuzz/%)

# The target itself is counted in any build: libFuzzer refuses to run where nothing is.
$(FUZZ_SOURCES:%.c=$(BUILD)/obj/%.o): CHECKS += -fsanitize=fuzzer-no-link

$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_HELPERS:%.c=$(BUILD)/obj/%.o) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(LINK) $(TEST_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

fuzzers: $(FUZZERS)

fuzz: ## fuzz each parser in turn (needs clang); FUZZ_SECONDS=60 for each, FUZZ_TARGETS="pickle png" only those
	FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ_TARGETS='$(FUZZ_TARGETS)' scripts/fuzz.sh

test: ## install what is missing, run every test, plain and with sanitizers; last line: N passed, N failed
	scripts/test.sh

test-full: ## the same, with the published figures on all images, and threads under ThreadSanitizer
	scripts/test.sh --full

test-package: ## build the Debian packages, install them into a clean root and try them there; needs root
	scripts/test_package.sh

test-static: ## build with STATIC=1 and detect in an empty root; needs root
	scripts/test_static.sh

test-aarch64: ## build for 64-bit ARM and run the tests of kernels and operations under qemu-user
	scripts/test_aarch64.sh

test-onnx: ## install other runtimes, and compare ONNX models and PyTorch's checkpoints in them with ours
	scripts/test_onnx.sh

test-browser: ## the pages of reports and of browse in headless Chromium, which is installed; SHOTS=folder keeps screenshots
	scripts/setup.sh --browser
	$(MAKE) all
	tests/programs/test_browser.sh $(BINDIR)

coverage: ## the share of lines that the tests run, by folder; as long as a test run
	scripts/coverage.sh

mutate: ## break the code in 75 places, one after the other: the tests must notice
	scripts/mutate.sh

check-static: ## cppcheck and shellcheck find nothing that is not excepted
	scripts/check_static.sh

api-docs: ## the reference of irst.h in build/api/html, of the headers inside in build/api/internal (needs doxygen)
	mkdir -p build/api
	VERSION=$(VERSION) doxygen Doxyfile
	VERSION=$(VERSION) doxygen Doxyfile.internal

format: ## lay out the code with clang-format
	scripts/source_files.sh '*.c' '*.h' | xargs -0 clang-format -i

format-check: ## fail if clang-format would change a file
	scripts/source_files.sh '*.c' '*.h' | xargs -0 clang-format --dry-run -Werror

clean: ## remove build/ and bin/
	rm -rf build bin

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

-include $(OBJECTS:.o=.d) $(ONNX_OBJECTS:.o=.d) $(ONNX_TEST_OBJECTS:.o=.d) $(BUILD)/obj/modules/torch/without_libzip.d $(BUILD)/obj/bench/dnnl_conv.d $(MAINS:%.c=$(BUILD)/obj/%.d) $(TEST_SOURCES:%.c=$(BUILD)/obj/%.d) $(TEST_HELPERS:%.c=$(BUILD)/obj/%.d) $(BUILD)/obj/tests/allocations/wrap_allocations.d $(FUZZ_SOURCES:%.c=$(BUILD)/obj/%.d) $(FUZZ_HELPERS:%.c=$(BUILD)/obj/%.d)
