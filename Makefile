# Everything sets itself up: `make demo` and `make test` work in a fresh clone.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --quiet --disable-pip-version-check
# setuptools takes the compiler from the environment: the one that check-tools tried
export CC

CORE := $(wildcard csrc/*.c csrc/*.h csrc/*.def) csrc/gen_order.py
ORDER := lineage/canon/order.toml lineage/canon/values.toml
WRAPPERS := $(wildcard lineage/*/*.pyx lineage/*/*.pxd lineage/*/*.pxi)
BUILT := $(VENV)/.built
DEPENDENCIES := $(VENV)/.dependencies
TOOLS := $(VENV)/.tools
BENCH := $(VENV)/.bench
LIVE := $(VENV)/.live
RIVALS := build/bench/librivals.so

.DEFAULT_GOAL := help
.PHONY: help demo test pytest ctest crash flip fuzz fuzz-coverage live-deps oracle live-fold bench \
  bench-million bench-size bench-instructions compare-instructions lint wheel-test build \
  check-tools clean

help:
	@echo "make demo        import an example archive, show its trees, delete a snapshot"
	@echo "make test        the C tests and the Python tests"
	@echo "make live-deps   what the tests against live libvirt need (Debian)"
	@echo "make crash       power loss, kill -9 and failing disks: all of it, with counts"
	@echo "make flip        every byte of a small store is altered in turn, with counts (FLIP_BITS=1)"
	@echo "make oracle      made-up documents through libvirt and the core (ORACLE_DOCUMENTS=20000)"
	@echo "make live-fold   libvirt and a store through the same steps (STEPS=100000)"
	@echo "make bench       the benchmarks, each with a rival"
	@echo "make bench-million  a million events read and folded: time and memory (some minutes)"
	@echo "make bench-size  bytes on disk for a snapshot, by table, and in git"
	@echo "make bench-instructions    count the core's instructions; compare-instructions says what moved"
	@echo "make fuzz        libFuzzer on the C core (needs clang; FUZZ_SECONDS=60)"
	@echo "make fuzz-coverage  the lines of the core that fuzzing reached"
	@echo "make lint        ruff and mypy"
	@echo "make wheel-test  build sdist and wheel, try the wheel in another directory"
	@echo "make build       only the venv with the C core in it"
	@echo "make clean       remove everything that was made"

demo: $(BUILT)
	@$(PY) -m benchmarks.demo

test:
	@$(MAKE) --no-print-directory --jobs=$$(nproc) ctest
	@$(MAKE) --no-print-directory pytest

pytest: $(BUILT)
	$(PY) -m pytest

crash: $(BUILT)
	$(PY) -m tests.crash

FLIP_BITS ?= 1

flip: $(BUILT)
	FLIP_BITS=$(FLIP_BITS) $(PY) -m tests.damage

bench: $(LIVE) $(RIVALS) $(BENCH)
	$(PY) -m pytest benchmarks -o python_files='bench_*.py'

bench-million: $(BUILT) $(BENCH)
	$(PY) -m benchmarks.million

bench-size: $(BUILT)
	$(PY) -m pytest -q benchmarks/bench_size.py -o python_files='bench_*.py'

lint: $(BUILT) $(TOOLS)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

wheel-test: $(BUILT) $(TOOLS)
	@rm -rf dist build/wheel
	$(PY) -m build --outdir dist . >build/wheel.log 2>&1 || { tail -n 30 build/wheel.log >&2; exit 1; }
	@$(PYTHON) -m venv build/wheel
	@build/wheel/bin/python -m pip --quiet --disable-pip-version-check install dist/*.whl
	cd / && $(CURDIR)/build/wheel/bin/python -P $(CURDIR)/tests/smoke.py

# --- the venv ----------------------------------------------------------------------------

build: $(BUILT)

# The core is built into the source tree, from where the editable install takes it.
$(BUILT): pyproject.toml setup.py $(CORE) $(ORDER) $(WRAPPERS)
	@$(MAKE) --no-print-directory check-tools
	@mkdir -p build
	@if [ $(DEPENDENCIES) -nt pyproject.toml ]; then \
	  echo "building the C core"; \
	  $(PY) setup.py --quiet build_ext --inplace; \
	else \
	  echo "setting up $(VENV) and building the C core"; \
	  { $(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV); } && \
	  $(PIP) install 'setuptools>=77' 'Cython>=3.1' && \
	  $(PIP) install --no-build-isolation --editable '.[test]' && \
	  touch $(DEPENDENCIES); \
	fi
	@touch $@

# What an optional group of pyproject.toml lists.
extra = $(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb")) \
  ["project"]["optional-dependencies"]["$(1)"], sep="\n")' >build/$(1).txt && \
  $(PIP) install --requirement build/$(1).txt

$(TOOLS): $(BUILT)
	@$(call extra,dev)
	@touch $@

$(BENCH): $(BUILT)
	@$(call extra,bench)
	@touch $@

needs = { echo "lineage needs $(1)" >&2; exit 1; }

check-tools:
	@command -v $(PYTHON) >/dev/null \
	  || $(call needs,Python 3.11 or newer (Debian: apt-get install python3))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || $(call needs,Python 3.11 or newer: $(PYTHON) is older (make PYTHON=... names another))
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || $(call needs,the Python module venv (Debian: apt-get install python3-venv))
	@printf '#include <stdio.h>\nint main(void) { return 0; }\n' \
	  | $(CC) -x c -o /dev/null - 2>/dev/null \
	  || $(call needs,a C compiler: $(CC) does not work (Debian: apt-get install gcc libc6-dev))
	@printf '#include <Python.h>\n' | $(CC) -E -x c -o /dev/null \
	  -I"$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
	  - 2>/dev/null \
	  || $(call needs,the Python headers (Debian: apt-get install python3-dev))

# Debian packages that something more than building and testing needs: $(1) names the log, $(2)
# are the packages, $(3) is what to say where there is no apt-get.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo -n)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq -y
debian = mkdir -p build; dpkg -s $(2) >/dev/null 2>&1 || { \
  command -v apt-get >/dev/null || $(call needs,$(3)); \
  { $(APT) update && $(APT) install --no-install-recommends $(2); } \
    </dev/null >build/$(1).log 2>&1 || { tail -n 20 build/$(1).log >&2; exit 1; }; }

# --- the C tests: both scanners, with the sanitizers --------------------------------------

CTEST := build/ctest
CTEST_CFLAGS := -std=c11 -O1 -g -Wall -Wextra -Wpedantic -Werror -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=all -Icsrc -I$(CTEST)
CTEST_sse2 :=
CTEST_scalar := -DLX_NO_SSE2
CTEST_PROGRAMS := $(foreach kind,sse2 scalar,$(patsubst csrc/tests/%.c,$(CTEST)/$(kind)/%,\
  $(wildcard csrc/tests/test_*.c)))

ctest: $(CTEST_PROGRAMS)
	@for program in $^; do echo "$$program"; "$$program" || exit 1; done

$(CTEST)/order_table.h: csrc/gen_order.py $(ORDER)
	@$(MAKE) --no-print-directory check-tools
	@$(PYTHON) csrc/gen_order.py $(ORDER) $@ && touch $@

.SECONDARY: # objects stay for the next run
define ctest_rules
$(CTEST)/$(1)/core/%.o: csrc/%.c $(wildcard csrc/*.h csrc/*.def) $(CTEST)/order_table.h
	@mkdir -p $$(@D)
	@$$(CC) $(CTEST_CFLAGS) $(CTEST_$(1)) -c -o $$@ $$<

$(CTEST)/$(1)/test_%: csrc/tests/test_%.c $(wildcard csrc/tests/*.h) \
  $(patsubst csrc/%.c,$(CTEST)/$(1)/core/%.o,$(wildcard csrc/*.c))
	@$$(CC) $(CTEST_CFLAGS) $(CTEST_$(1)) -o $$@ $$(filter %.c %.o,$$^)
endef
$(foreach kind,sse2 scalar,$(eval $(call ctest_rules,$(kind))))

# --- fuzzing: bounded in time; what it finds stays in build/fuzz ---------------------------

FUZZ_SECONDS ?= 60
CLANG ?= clang
LLVM_PROFDATA ?= llvm-profdata
LLVM_COV ?= llvm-cov
FUZZ := build/fuzz
FUZZ_SEEDS := $(CURDIR)/csrc/fuzz/seeds
FUZZ_FLAGS := -std=c11 -O1 -g -Icsrc -I$(CTEST)
FUZZ_SOURCES := $(wildcard csrc/*.c csrc/fuzz/*.c)
FUZZ_NEEDS := $(FUZZ_SOURCES) $(wildcard csrc/*.h csrc/*.def csrc/fuzz/*.h) $(CTEST)/order_table.h

$(FUZZ)/fuzz_document: $(FUZZ_NEEDS)
	@command -v $(CLANG) >/dev/null \
	  || $(call needs,clang for fuzzing (Debian: apt-get install clang libclang-rt-14-dev))
	@mkdir -p $(FUZZ)/corpus
	$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	  -o $@ $(FUZZ_SOURCES)

fuzz: $(FUZZ)/fuzz_document
	cd $(FUZZ) && ./fuzz_document -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=10 \
	  -dict=$(CURDIR)/csrc/fuzz/xml.dict corpus $(FUZZ_SEEDS)

# Which lines of the core the seeds and all that was found so far reach.
fuzz-coverage: $(FUZZ)/fuzz_coverage
	@mkdir -p $(FUZZ)/corpus
	@cd $(FUZZ) && LLVM_PROFILE_FILE=coverage.profraw ./fuzz_coverage -runs=0 -rss_limit_mb=0 \
	  corpus $(FUZZ_SEEDS) 2>coverage.log || { tail -n 20 coverage.log >&2; exit 1; }
	@$(LLVM_PROFDATA) merge -sparse -o $(FUZZ)/coverage.profdata $(FUZZ)/coverage.profraw
	@$(PYTHON) csrc/fuzz/coverage.py $(LLVM_COV) $(FUZZ)/fuzz_coverage $(FUZZ)/coverage.profdata

$(FUZZ)/fuzz_coverage: $(FUZZ_NEEDS)
	@mkdir -p $(FUZZ)
	$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping \
	  -o $@ $(FUZZ_SOURCES)

# --- live libvirt ------------------------------------------------------------------------

LIVE_PACKAGES := libvirt-clients libvirt-dev pkg-config

live-deps: $(LIVE)

$(LIVE): $(BUILT)
	@$(call debian,live-deps,$(LIVE_PACKAGES),libvirt with its headers and pkg-config for live \
	  tests: without apt-get install them by hand and libvirt-python into $(VENV))
	@$(PIP) install 'libvirt-python>=9.0'
	@touch $@

# Others each time; a failure tells its seed, which ORACLE_SEED takes.
ORACLE_DOCUMENTS ?= 20000

oracle: $(LIVE)
	LINEAGE_REQUIRE_LIVE=1 ORACLE_DOCUMENTS=$(ORACLE_DOCUMENTS) \
	  $(PY) -m pytest tests/conformance/test_oracle.py tests/conformance/test_differences.py

# Others each time; a failure tells its seed and story: LIVE_FOLD_SEED, LIVE_FOLD_STORY.
STEPS ?= 100000

live-fold: $(LIVE)
	LINEAGE_REQUIRE_LIVE=1 LIVE_FOLD_STEPS=$(STEPS) \
	  $(PY) -m pytest --capture=no tests/conformance/test_fold_live.py

# --- benchmarks: rivals and the counter of instructions -----------------------------------

$(RIVALS): benchmarks/rivals/pugixml.cpp
	@$(call debian,bench-deps,g++ libpugixml-dev,a C++ compiler and pugixml for benchmarks)
	@mkdir -p $(@D)
	@$(CXX) -O2 -Wall -Wextra -fPIC -shared -o $@ $< -lpugixml

# Optimised as the extension is (setup.py).
COUNTED := build/bench/instructions
COUNTED_CFLAGS := -std=c11 -O3
COUNT = $(PY) -m benchmarks.instructions $(COUNTED) --flags='$(COUNTED_CFLAGS)'

bench-instructions: $(BUILT) $(COUNTED)
	@$(COUNT)

compare-instructions: $(BUILT) $(COUNTED)
	@$(COUNT) --compare

$(COUNTED): benchmarks/instructions.c $(CORE) $(CTEST)/order_table.h
	@$(call debian,bench-deps,valgrind,valgrind to count instructions)
	@mkdir -p $(@D)
	@$(CC) $(COUNTED_CFLAGS) -Wall -Wextra -Wpedantic -Werror -Icsrc -I$(CTEST) -o $@ \
	  $< $(wildcard csrc/*.c)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find lineage -name '*.so' -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
