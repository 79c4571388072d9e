# SPDX-License-Identifier: MIT
# make            the module for KDIR, the libraries, the tools
# make run        one CUDA program on the device, in a machine that is booted for it
# make test       all suites but Ollama's, which wants an Ollama; test-long adds what takes hours; bench measures
# make load       the modules and the libraries into this very system (unload: out again)
# make install    libraries, tools, system files and the module for KDIR, below DESTDIR
# make deb        Debian packages, into build/deb
# make deps       install what is missing (Debian 12, root); run and test do that too
#
# KDIR=…          kernel build tree (default: the running kernel's, else Debian's headers)
# SUITES="a b"    only these suites        BED=uml|qemu  for make run
# LIST=1          make test and test-long only say what they would run
# SAMPLE=…        the program of make run  PARAMS=…      module parameters of load and run

.NOTPARALLEL:

TOP	:= $(CURDIR)
VM	:= $(TOP)/tools/vm
KDIR	?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	     $(lastword $(sort $(wildcard /lib/modules/*/build))))
BED	?= uml
SAMPLE	?= $(TOP)/build/selftests/cuda/static/vecadd
PARAMS	?=
# make test holds the suites that were seen whole and green; the other clients are test-long's.
SUITES	?= $(if $(filter test-long,$(MAKECMDGOALS)),,beds cache compiler control cuda driver drm engine faces \
			   fuzz-engine golden libcuda libraries packages runner tree \
			   clients/cublas clients/math clients/monitors clients/node-llama-cpp clients/ollama-probe)

# Dependencies first: libcuda wants libvgpu and the compiler, the tools want them all.
PARTS	:= $(wildcard userlib/libvgpu userlib/compiler) $(wildcard userlib/* tools/*)
DIRS	:= $(foreach d,$(shell printf '%s\n' $(PARTS) | awk '!seen[$$0]++'),\
	     $(if $(wildcard $(d)/Makefile),$(d)))

all: module user

module:
	@test -n "$(KDIR)" || { echo "no kernel build tree: make deps, or KDIR=…" >&2; exit 1; }
	$(VM)/kmod.sh $(KDIR)

user:
	@set -e; for d in $(DIRS); do $(MAKE) --no-print-directory -C $$d; done

deps:
	@$(VM)/deps.sh

# What a program of NVIDIA's compiler needs, and a bed for it; each step does nothing when it was done before.
programs: deps
	@$(VM)/toolkit.sh >/dev/null
	@$(MAKE) --no-print-directory user

bed: programs
	@$(VM)/kernels.sh $(if $(filter qemu,$(BED)),6.1,uml) >/dev/null

run: programs
	@$(VM)/native.sh usable || $(MAKE) --no-print-directory bed
	@$(MAKE) --no-print-directory -C selftests/cuda $(SAMPLE)
	@if $(VM)/native.sh usable; then \
		$(MAKE) --no-print-directory load && \
		{ $(VM)/show.sh $(SAMPLE); status=$$?; $(MAKE) --no-print-directory unload; exit $$status; }; \
	else \
		$(VM)/vgpu-vm --bed $(BED) --params "$(PARAMS)" -- $(VM)/show.sh $(SAMPLE); \
	fi

load:
	@$(VM)/native.sh able
	@$(MAKE) --no-print-directory module
	$(VM)/native.sh load "$$($(VM)/kmod.sh $(KDIR))" $(PARAMS)

unload:
	$(VM)/native.sh unload

# For a package: the parts without the module, which DKMS builds on the machine that has it.
install: user
	tools/package/install.sh libs tools system
	@test -z "$(KDIR)" || { ko=$$($(VM)/kmod.sh $(KDIR)) && KO_DIR=$${ko%/*} \
		RELEASE=$$(sed -n 's/.*UTS_RELEASE "\(.*\)".*/\1/p' $(KDIR)/include/generated/utsrelease.h) \
		tools/package/install.sh module; }

deb: user
	@tools/package/deb/build.sh

# When suites fail, the last line is their count and not a complaint of make's own: -q ends with status 1 and says
# nothing where a command is left to be run, and "false" is left when any failed.
ifeq ($(MAKELEVEL) $(words $(MAKECMDGOALS)) $(findstring n,$(firstword -$(MAKEFLAGS))),0 1 )
MAKEFLAGS += $(if $(filter test test-long,$(MAKECMDGOALS)),-q)
always	:= +
plain	:= unset MAKEFLAGS MFLAGS;
endif
FAILED	:= build/selftests/failed

test test-long: %: suites-of-%
	@$(if $(wildcard $(FAILED)),false)

ifdef LIST
suites-of-test suites-of-test-long:
	$(always)@$(plain) mkdir -p $(dir $(FAILED)) && rm -f $(FAILED); \
		selftests/run --list $(if $(filter %-long,$@),--long) $(SUITES) || touch $(FAILED)
else
suites-of-test suites-of-test-long:
	$(always)@$(plain) $(VM)/deps.sh
	$(always)@$(plain) $(VM)/prepare.sh uml 6.1 6.12 kasan $(if $(filter %-long,$@),kcsan) -- $(SUITES)
	$(always)@$(plain) $(MAKE) --no-print-directory $(or $(filter -j%,$(MAKEFLAGS)),-j$(shell nproc)) $(MAKEOVERRIDES) all
	$(always)@$(plain) mkdir -p $(dir $(FAILED)) && rm -f $(FAILED); \
		selftests/run $(if $(filter %-long,$@),--long) $(SUITES) || touch $(FAILED)
endif

bench: bed
	@$(MAKE) --no-print-directory -C tools/bench bench

clean:
	@set -e; for d in $(DIRS); do $(MAKE) --no-print-directory -C $$d clean; done
	rm -rf build

export DESTDIR

.PHONY: all module user deps programs bed run load unload install deb test test-long suites-of-test suites-of-test-long bench clean
