# Every target sets up what it needs: a fresh clone and Python 3.11 or newer are enough.
#
#   make book    build the book into _build/html
#   make test    run every check: style, types, tests, every notebook
#   make test-fast     the tests that take no browser, no sandbox and no time; TESTS=tests/desk: of one area
#   make test-pythons  the same on each Python that is here, from 3.11 to 3.13
#   make lab     open JupyterLab on the course
#   make student make what students get, as a folder and as a zip: no solutions, no hidden tests
#   make release make the students' notebooks, exercises/, of solutions/
#   make grade   grade what a class has handed in: make grade ASSIGNMENT=01_cost
#   make report  write the report on a class: ASSIGNMENT=01_cost for one assignment
#   make bank    grade the bank of answers: what is right earns all, what is wrong what it should
#   make mutants put the tests to the test: ASSIGNMENT=01_cost for one, of all what has changed
#   make soak    grade every answer of the bank under a hundred seeds; takes an hour
#
# With TORCH=cpu (make lab TORCH=cpu) PyTorch comes for the processor alone: 5 GB less on Linux.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book test test-fast test-pythons lab student release grade report bank mutants soak notebooks record wasm lock benchmark-loader \
	benchmark-draw benchmark-explorables benchmark-train-in-page benchmark-grading findings lighthouse clean FORCE

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1

TESTED := $(VENV)/ready-to-test

help:
	@sed -n 's/^#   //p' Makefile

# With TORCH=cpu, PyTorch without CUDA; it stays so until TORCH=cuda. Each time that TORCH is given,
# tools/ready.py looks whether it is so already.
$(READY): requirements.lock pyproject.toml $(if $(TORCH),FORCE)
	@$(PYTHON) tools/ready.py $(TORCH) --venv $(VENV)

$(TESTED): requirements/test.lock $(READY)
	@$(PYTHON) tools/ready.py $(TORCH) --venv $(VENV) --tests

book: $(READY)
	@$(BIN)/python tools/build_book.py

# The book first, so that the processes that test it find it built. They are twice as many as the cores
# that are meant, two, for half of the time a test waits: for a browser, a kernel, a bound. A file's tests
# stay together: they share a site, a class that is graded, a notebook's kernel. The longest files come
# first (tests/conftest.py), the others in the order in which pyproject.toml names the folders; else those
# of few tests would come last, however long. Of the chapters nbval looks at the run that is in the book.
test: $(TESTED)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python tools/build_book.py
	@$(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder --durations=30

# Of some: make test-fast TESTS=tests/desk
TESTS ?= tests
test-fast: $(TESTED)
	@$(BIN)/pytest --numprocesses 2 --dist loadfile -m "not (browser or sandbox or slow)" $(TESTS)

# The quick tests on each Python that the course is for and this machine has, in an environment each.
PYTHONS := 3.11 3.12 3.13
test-pythons:
	@for version in $(PYTHONS); do \
		if python$$version -c "" 2>/dev/null; then \
			echo "Python $$version:"; \
			$(MAKE) --no-print-directory test-fast PYTHON=python$$version VENV=.venv-$$version || exit 1; \
		else echo "Python $$version isn't here."; fi; done

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

# Mutants of the solutions: ASSIGNMENT=01_cost or ASSIGNMENT=01_cost:huber, OPTIONS=--all
mutants: $(READY)
	@$(BIN)/python tools/mutants.py $(OPTIONS) $(ASSIGNMENT)

# Of some: make soak ASSIGNMENT=01_cost OPTIONS="--seeds 10"
soak: $(READY)
	@$(BIN)/python tools/soak.py $(OPTIONS) $(ASSIGNMENT)

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

# After a change of a requirements file. To upgrade one: edit its pin there first. With extras: pip
# takes jsonschema[format-nongpl] for a package of its own, and the newest, unless the lock names it.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --custom-compile-command "make lock"
lock: $(TESTED)
	@$(LOCK) requirements/test.txt --output-file requirements/test.lock
	@$(LOCK) requirements.txt --no-annotate --constraint requirements/test.lock \
		--output-file requirements.lock
	@$(LOCK) requirements/student.txt --no-annotate --constraint requirements/test.lock \
		--output-file requirements/student.lock

benchmark-loader: $(READY)
	@$(BIN)/python benchmarks/loader.py

benchmark-draw: book $(TESTED)
	@$(BIN)/python benchmarks/draw.py

benchmark-explorables: book $(TESTED)
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
