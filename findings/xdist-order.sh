#!/usr/bin/env bash
# Guess: pytest-xdist's --dist loadfile hands out the files in the order that pytest collected them.
# Seen: the files with most tests go first; one slow test in a file of its own begins last. --no-loadscope-
#   reorder undoes it.
# Matters: the longest file decides how long all takes: it should begin first, however few tests it has.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet pytest==9.2.0 pytest-xdist==3.8.0

echo 'def test_long(): pass' >test_a.py
printf 'def test_%s(): pass\n' 1 2 3 >test_b.py
order() { venv/bin/pytest -v -p no:cacheprovider -n 1 --dist loadfile "$@" | sed -n 's/.*PASSED \(test_.\).*/\1/p' | uniq | xargs; }
echo "by default: $(order); as collected: $(order --no-loadscope-reorder)"
test "$(order)" = "test_b test_a"
test "$(order --no-loadscope-reorder)" = "test_a test_b"
