# Every target sets up what it needs: a fresh clone and Python 3.11 or newer are enough.
#
#   make book    build the book into _build/html
#   make test    run every check: style, types, tests, every notebook
#   make lab     open JupyterLab on the course
#   make student make what students get, as a folder and as a zip: no solutions, no hidden tests
#   make release make the students' notebooks, exercises/, of solutions/
#   make grade   grade what a class has handed in: make grade ASSIGNMENT=01_cost
#   make report  write the report on a class: ASSIGNMENT=01_cost for one assignment
#   make bank    grade the bank of answers: what is right earns all, what is wrong what it should

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book test lab student release grade report bank notebooks record wasm lock benchmark-loader \
	benchmark-draw benchmark-explorables benchmark-train-in-page benchmark-grading findings lighthouse clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
CHECK_PYTHON := import sys; sys.version_info >= (3, 11) or sys.exit( \
	"Drink Deep needs Python 3.11 or newer, and this is %d.%d: name another with `make PYTHON=python3.11 …`." \
	% sys.version_info[:2])
CHECK_SPACE := import os, shutil, sys; gb = 7 if sys.platform == "linux" else 3; \
	os.path.isdir(".venv") or shutil.disk_usage(".").free > gb * 1e9 or sys.exit( \
	"Drink Deep installs %d GB, and this disk has %.1f GB left: make room, or move the course." \
	% (gb, shutil.disk_usage(".").free / 1e9))
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@sed -n 's/^#   //p' Makefile

# A target that is killed half-way leaves no stamp, so the next run goes on where pip stopped.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	@$(PYTHON) -c '$(CHECK_SPACE)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the course's packages into .venv (some 6 GB on Linux; once)"
	@$(BIN)/pip install --quiet --progress-bar on --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

book: $(READY)
	@$(BIN)/python tools/build_book.py

# The book first, so that the two processes that test it find it built. A file's tests stay together:
# they share a site, a class that is graded, a notebook's kernel. The files keep their order, in which
# the chapters, which take longest, begin; else those of few tests would come last, however long.
test: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python tools/build_book.py
	@$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Options of JupyterLab's own: make lab OPTIONS="--port=9000 --no-browser"
lab: $(READY)
	@$(BIN)/drinkdeep lab $(OPTIONS)

# Of exercises/ as it is, which must be what solutions/ makes.
student: $(READY)
	@$(BIN)/python tools/make_release.py --check
	@$(BIN)/python tools/make_student_tree.py

# Of some: make release ASSIGNMENTS=01_cost
release: $(READY)
	@$(BIN)/python tools/make_release.py $(ASSIGNMENTS)

# With options: make grade ASSIGNMENT=01_cost OPTIONS="--feedback"
grade: $(READY)
	@test -n "$(ASSIGNMENT)" || { echo "Say which: make grade ASSIGNMENT=01_cost" >&2; exit 2; }
	@$(BIN)/drinkdeep grade $(ASSIGNMENT) $(OPTIONS)

# Of some: make bank ASSIGNMENTS=01_cost
bank: $(READY)
	@$(BIN)/python tools/answer_bank.py $(ASSIGNMENTS)

# The class at a glance, from the gradebook: make report ASSIGNMENT=01_cost
report: $(READY)
	@$(BIN)/python -m drinkdeep.grading.results.report $(ASSIGNMENT)

# Bring notebooks into the one form that is committed.
notebooks: $(READY)
	@$(BIN)/python tools/notebooks.py normalize

# Run notebooks again and keep their text outputs: make record NOTEBOOKS=book/06_training.ipynb
record: $(READY)
	@$(BIN)/python tools/notebooks.py record $(NOTEBOOKS)

# The network that trains in the page, after a change of book/assets/training/network.c.
wasm: $(READY)
	@$(BIN)/python tools/build_wasm.py

# After a change of requirements.txt. To upgrade one: edit its pin there first.
lock:
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" \
		requirements.txt --output-file requirements.lock

benchmark-loader: $(READY)
	@$(BIN)/python benchmarks/loader.py

benchmark-draw: book
	@$(BIN)/python benchmarks/draw.py

benchmark-explorables: book
	@$(BIN)/python benchmarks/explorables.py

benchmark-train-in-page: book
	@$(BIN)/python benchmarks/train_in_page.py

benchmark-grading: $(READY)
	@$(BIN)/python benchmarks/grading.py

# What outside tools do that one would guess wrong: some install PyTorch. Of some: FINDINGS=xdist-order
findings:
	@failed=; for name in $(or $(FINDINGS),$(basename $(notdir $(wildcard findings/*.sh)))); do \
		echo "$$name"; PYTHON="$(PYTHON)" findings/$$name.sh || failed="$$failed $$name"; \
	done; test -z "$$failed" || { echo "No longer as found:$$failed" >&2; exit 1; }

lighthouse: book
	@$(BIN)/python tools/lighthouse.py

clean:
	rm -rf _build .venv
