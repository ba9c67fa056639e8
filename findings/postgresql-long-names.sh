#!/usr/bin/env bash
# Guess: a gradebook takes the same names in SQLite and in PostgreSQL.
# Seen: nbgrader's columns hold 128 characters: SQLite keeps a name of 200 all the same, PostgreSQL refuses
#   the entry.
# Matters: what was tried with the default gradebook can fail in the cluster's: the ids of cells and the names
#   of people are bounded there.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbgrader==0.9.6 pgserver==0.1.4 'psycopg[binary]==3.3.9'

PATH="$here/venv/bin:$PATH" venv/bin/python - <<'PYTHON'
import pgserver
from nbgrader.api import Gradebook, InvalidEntry

server = pgserver.get_server("database")
postgresql = server.get_uri().replace("postgresql:", "postgresql+psycopg:")
try:
    with Gradebook("sqlite:///gradebook.db") as gradebook:
        gradebook.add_student("ada", first_name="A" * 200)
        kept = len(gradebook.find_student("ada").first_name)
        print("SQLite:", kept, "characters")
        if kept != 200:
            raise SystemExit("SQLite cuts it")
    with Gradebook(postgresql) as gradebook:
        try:
            gradebook.add_student("ada", first_name="A" * 200)
        except InvalidEntry as error:
            print("PostgreSQL:", str(error).splitlines()[0])
        else:
            raise SystemExit("PostgreSQL takes it as well")
finally:
    server.cleanup()
PYTHON
