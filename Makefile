# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# The workshop of the collection: `make help` lists what there is. Each target installs what it
# needs on first use; everything it makes stays in .build.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
ifneq ($(words $(CURDIR)),1)
$(error The path of this checkout has a space, which make cannot stand: move it. It is "$(CURDIR)")
endif
# Scripts of the virtual environment name it by its full path, hence the absolute folder.
BUILD := $(CURDIR)/.build
VENV := $(BUILD)/venv
RESULTS := .build/results

# Not that of the virtual environment, which somebody may have activated: it cannot be made out of
# itself.
PYTHON ?= $(or $(firstword $(filter-out $(VENV)/bin/%,$(shell which -a python3))),/usr/bin/python3)
PYTHON := $(PYTHON)
export PYTHON
export PATH := $(VENV)/bin:$(PATH)
export LC_ALL := C.UTF-8
export PYTHONDONTWRITEBYTECODE := 1
export ANSIBLE_COLLECTIONS_PATH := $(BUILD)/collections

STEP := $(VENV)/bin/python tests/tools/step.py run
SUMMARY := $(VENV)/bin/python tests/tools/step.py summary
PYTEST := PYTHONPATH=.build/collections HYPOTHESIS_STORAGE_DIRECTORY=.build/cache/hypothesis \
	python -m pytest

# In this order, so that what is quick fails first.
TEST_PARTS := checks boot-servers
LINTS := lint-ruff lint-format lint-mypy lint-ansible lint-docs lint-changelog lint-licences

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- what the rest needs -------------------------------------------------------------------

STAMPS := .build/stamp/packages .build/stamp/venv .build/stamp/link

.PHONY: setup
setup: $(STAMPS) ## install packages and the virtual environment (all others do so when needed)
	@:

.build/stamp/packages: tests/setup/packages.txt tests/setup/packages
	@bash tests/setup/packages tests/setup/packages.txt
	@mkdir -p $(@D) && touch $@

# A checkout that was moved or a new Python needs a new environment.
VENV_KEY := $(CURDIR) $(PYTHON)
.build/stamp/venv: tests/requirements.txt tests/setup/venv \
		$(if $(filter-out $(file < .build/stamp/venv),$(VENV_KEY)),FORCE) | .build/stamp/packages
	@rm -f $@
	@$(PYTHON) tests/tools/step.py run setup-venv "virtual environment" -- bash tests/setup/venv $(VENV) $(PYTHON)
	@mkdir -p $(@D) && echo '$(VENV_KEY)' > $@

# Tools look for a collection by its name in a path.
.build/stamp/link:
	@mkdir -p $(@D) .build/collections/ansible_collections/diskless
	@ln -sfn ../../../.. .build/collections/ansible_collections/diskless/netboot
	@touch $@

.PHONY: FORCE
FORCE:

# ---- tests ---------------------------------------------------------------------------------

# One after the other even under `make -j`: the order fails fast.
.PHONY: test
test: setup ## everything below, quickest first; the last line counts the tests
	@rm -rf $(RESULTS)
	+@status=0; for part in $(TEST_PARTS); do \
		$(MAKE) --no-print-directory $$part || { status=1; break; }; \
	done; \
	$(SUMMARY) && exit $$status

.PHONY: quick
quick: setup ## lint and unit tests of what changed since main (SINCE=REVISION: since then)
	@PYTHONPATH=.build/collections HYPOTHESIS_STORAGE_DIRECTORY=.build/cache/hypothesis \
		ANSIBLE_HOME=$(BUILD)/ansible python tests/tools/quick.py $(SINCE)

# Two at a time, the longest first.
.PHONY: checks
checks: setup
	+@$(MAKE) --no-print-directory -k -j2 sanity unit $(LINTS) build

.PHONY: lint $(LINTS)
lint: setup ## ruff, mypy, ansible-lint, documentation, changelog, licence headers
	+@$(MAKE) --no-print-directory -k -j2 $(LINTS)

lint-ruff: setup
	@$(STEP) $@ "ruff check" -- ruff check --no-fix .

lint-format: setup
	@$(STEP) $@ "ruff format --check" -- ruff format --check --diff .

# From the folder where the files have the names by which they import each other.
lint-mypy: setup
	@$(STEP) $@ "mypy --strict" -- env -C .build/collections mypy --config-file $(CURDIR)/pyproject.toml \
		--cache-dir $(BUILD)/cache/mypy $(addprefix ansible_collections/diskless/netboot/,plugins tests molecule)

lint-ansible: setup
	@$(STEP) $@ "ansible-lint, production profile" -- env ANSIBLE_HOME=$(BUILD)/ansible \
		ansible-lint --offline --profile production --strict --nocolor

lint-docs: setup
	@$(STEP) $@ "antsibull-docs lint" -- env ANSIBLE_HOME=$(BUILD)/ansible antsibull-docs \
		lint-collection-docs --plugin-docs --validate-collection-refs dependent .

lint-changelog: setup
	@$(STEP) $@ "antsibull-changelog lint" -- antsibull-changelog lint

lint-licences: setup
	@$(STEP) $@ "reuse lint (licence headers)" -- reuse lint

.PHONY: unit
unit: setup ## unit tests, in seconds
	@$(STEP) --own-result $@ "unit tests" -- env $(PYTEST) -q -n 2 tests/unit --junitxml=$(RESULTS)/$@.xml

.PHONY: sanity
sanity: setup ## ansible-test sanity in a clean copy, nothing ignored
	@$(STEP) --own-result $@ "ansible-test sanity" -- python tests/tools/sanity.py $(BUILD) $(RESULTS)

# A virtual environment and four sanity minutes for each of them.
.PHONY: pythons
pythons: setup ## unit and sanity with the oldest and the newest supported Python (not in test)
	@bash tests/tools/pythons .build/pythons

.PHONY: build
build: setup ## the collection's artefact, installed offline into an empty path
	@$(STEP) $@ "collection built, installed offline" -- bash tests/tools/build .build/artifact

.PHONY: molecule
molecule: setup ## Debian 13 as boot server, two images and a PC: converge, idempotence, verify
	@$(STEP) --live --own-result $@ "molecule test" -- env ANSIBLE_HOME=$(BUILD)/ansible \
		molecule test --all --exclude kernel-nfs

# Its boot server is a VM with a kernel of its own, in emulation: a quarter of an hour.
.PHONY: kernel-nfs
kernel-nfs: setup ## the same with a VM and its kernel's NFS server (SUITE=forky: on Debian 14; not in test)
	@$(STEP) --live --own-result molecule-$@ "molecule test -s $@" -- env SUITE=$(SUITE) ANSIBLE_HOME=$(BUILD)/ansible \
		molecule test --scenario-name $@

.PHONY: boot
boot: setup ## Debian 12 as boot server, and all that its PCs rely on, booted in QEMU
	@$(STEP) --live --own-result $@ "boot tests" -- env $(PYTEST) -v --durations 15 tests/boot --ignore tests/boot/sites \
		-m 'not matrix' --junitxml=$(RESULTS)/$@.xml

.PHONY: sites
sites: setup ## the same with a machine for each service
	@$(STEP) --live --own-result $@ "boot tests, further sites" -- env $(PYTEST) -v --durations 15 tests/boot/sites \
		-m 'not matrix' --junitxml=$(RESULTS)/$@.xml

.PHONY: matrix
matrix: setup ## each kind of root and of initrd, and a run killed more often (not in test)
	@$(STEP) --live --own-result $@ "boot tests, full matrix" -- env $(PYTEST) -v tests/boot \
		-m matrix --junitxml=$(RESULTS)/$@.xml

# Two at a time: one has PCs on while the other's playbook runs. The tests take turns at that.
.PHONY: boot-servers molecule-sites
boot-servers: setup
	+@$(MAKE) --no-print-directory -j2 boot molecule-sites

molecule-sites: setup
	+@$(MAKE) --no-print-directory molecule && $(MAKE) --no-print-directory sites

.PHONY: bench
bench: setup ## what things cost, ours beside others' (ONLY=NAME runs one; not in test)
	@PYTHONPATH=.build/collections python -m ansible_collections.diskless.netboot.tests.bench $(ONLY)

# Sixty boots in emulation, and both sides' images made again and again.
.PHONY: bench-boot
bench-boot: setup ## PCs booted by us and by LTSP, in turn, half an hour (ONLY=PART runs one; not in test)
	@PYTHONPATH=.build/collections python -m ansible_collections.diskless.netboot.tests.bench.boot $(ONLY)

# ---- for people ----------------------------------------------------------------------------

.PHONY: demo
demo: setup ## a boot server configured and a PC without a disk booted from it, as you watch
	@tests/lab/lab demo

.PHONY: demo-desktop
demo-desktop: setup ## the library's desktop, booted, with a picture of it in .build/desktop.png
	@tests/lab/lab --name desktop desktop .build/desktop.png

.PHONY: clean
clean: ## stop the lab and remove everything made here but the cache of images
	@if [ -x tests/lab/lab ]; then tests/lab/lab down --all; fi
	@rm -rf --one-file-system .build .ansible .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/output \
		inventories/demo/lab.yml
	@find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## clean, and remove the cache of images too
	@rm -rf --one-file-system "$${XDG_CACHE_HOME:-$$HOME/.cache}/diskless-netboot"
