"""The whole way with a real Moodle, there and back, read at its end in Moodle's database.

    .venv/bin/python tests/real/moodle.py FOLDER [--keep WHERE] [--fixtures]

README.md, beside this file, says what it needs and does.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from instructor import BY_HAND, NAME, ROOT, TITLE, Instructor, notebooks

import postgresql  # isort: skip  (where it lies, instructor says)
from moodle_class import PEOPLE  # isort: skip

HERE = Path(__file__).parent
COMMENT = "<p>Told me, <strong>well</strong>.</p>"
QUERY = f"""
SELECT u.username, u.firstname || ' ' || u.lastname AS name, round(a.grade, 2) AS assignment,
       round(g.finalgrade, 2) AS gradebook, round(i.grademax) AS most,
       CASE WHEN g.overridden > 0 THEN 'yes' ELSE 'no' END AS overridden,
       c.commenttext AS comment, f.filename AS page, f.contenthash AS sha1
  FROM mdl_user u
  JOIN mdl_user_enrolments e ON e.userid = u.id
  JOIN mdl_role_assignments r ON r.userid = u.id AND r.roleid = 5
  JOIN mdl_assign s ON s.name = '{TITLE}'
  JOIN mdl_grade_items i ON i.itemmodule = 'assign' AND i.iteminstance = s.id
  LEFT JOIN mdl_assign_grades a ON a.userid = u.id AND a.assignment = s.id AND a.grade >= 0
  LEFT JOIN mdl_grade_grades g ON g.userid = u.id AND g.itemid = i.id
  LEFT JOIN mdl_assignfeedback_comments c ON c.grade = a.id
  LEFT JOIN mdl_files f ON f.itemid = a.id AND f.component = 'assignfeedback_file'
       AND f.filearea = 'feedback_files' AND f.filename <> '.'
 ORDER BY u.username
"""


class Moodle:
    """A Moodle of its own, with a database of its own."""

    def __init__(self, folder: Path, socket: Path) -> None:
        self.folder, self.socket = folder, socket

    def do(self, verb: str, **asked: Any) -> bytes:
        """Have Moodle's classes do what a teacher or a student would click."""
        run = subprocess.run(
            ["php", "-d", "max_input_vars=5000", HERE / "moodle.php", verb, json.dumps(asked)],
            env={**os.environ, "MOODLE": str(self.folder)},
            capture_output=True,
            check=False,
        )
        if run.returncode:
            raise SystemExit(f"{verb}: {run.stdout.decode()[-2000:]}{run.stderr.decode()}")
        return run.stdout

    def ask(self, query: str) -> str:
        """What Moodle's database answers, as a table."""
        return self._psql(query)

    def rows(self, query: str) -> list[dict[str, str]]:
        """What Moodle's database answers, by the column."""
        header, *lines = self._psql(query, "-A", "-F", "\t", "-P", "footer=off").splitlines()
        return [
            dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines if line
        ]

    def _psql(self, query: str, *options: str) -> str:
        command = ["psql", "-h", self.socket, "-U", "moodle", "moodle", "-c", query, *options]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextlib.contextmanager
def database(folder: Path) -> Iterator[Path]:
    """A PostgreSQL with an empty database for Moodle; where its socket is."""
    folder.mkdir()
    with postgresql.server(folder, "moodle"):
        command = ["createdb", "-h", folder, "-U", "moodle", "-E", "UTF8", "-T", "template0"]
        subprocess.run([*command, "moodle"], check=True)
        yield folder


def installed(source: Path, folder: Path, socket: Path) -> Moodle:
    """A copy of a Moodle, installed; add-ons are left out, so that it is Moodle that is tried."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".git"))
    kinds = json.loads((folder / "lib/components.json").read_text())["plugintypes"]
    known = json.loads((folder / "lib/plugins.json").read_text())["standard"]
    for kind, place in kinds.items():
        for version in (folder / place).glob("*/version.php"):
            if version.parent.name not in known.get(kind, []):
                shutil.rmtree(version.parent)
    data = folder.with_name("moodledata")
    data.mkdir()
    (folder / "config.php").write_text(
        f"""<?php
unset($CFG);
global $CFG;
$CFG = new stdClass();
$CFG->dbtype = 'pgsql';
$CFG->dblibrary = 'native';
$CFG->dbhost = '{socket}';
$CFG->dbname = $CFG->dbuser = 'moodle';
$CFG->dbpass = '';
$CFG->prefix = 'mdl_';
$CFG->wwwroot = 'http://127.0.0.1/moodle';
$CFG->dataroot = '{data}';
$CFG->admin = 'admin';
$CFG->noemailever = true;
$CFG->disableupdatenotifications = true;
require_once(__DIR__ . '/lib/setup.php');
"""
    )
    options = ["--lang=en", "--adminpass=Admin-1234", "--adminemail=admin@example.org"]
    options += ["--agree-license", "--fullname=Moodle", "--shortname=M"]
    command = ["php", "-d", "max_input_vars=5000", "admin/cli/install_database.php", *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return Moodle(folder, socket)


def hand_in(moodle: Moodle, made: dict[str, Path], most: float) -> None:
    """A class, what it uploads, and a grade that the teacher gave for a talk."""
    folder = made["ada"].parent
    with zipfile.ZipFile(folder / "kim.zip", "w") as archive:
        archive.write(made["kim2"], f"cost/{NAME}.ipynb")
    (folder / "helper.py").write_text("x = 1\n")
    fields = ("firstname", "lastname", "email")
    people = [{"username": u, **dict(zip(fields, p, strict=True))} for u, p in PEOPLE.items()]
    moodle.do("course", most=most, assignments=[TITLE], people=people)
    for who, files in (
        ("ada", {f"{NAME}.ipynb": made["ada-first"]}),
        ("eve", {f"{NAME}.ipynb": made["eve"]}),
        ("kim1", {f"{NAME}.ipynb": made["kim1"]}),
        ("kim2", {"kim.zip": folder / "kim.zip"}),
        ("jo", {f"{NAME} (1).ipynb": made["jo"], "helper.py": folder / "helper.py"}),
        ("slash", {f"work/{NAME}.ipynb": made["slash"]}),
    ):
        moodle.do("hand-in", assignment=TITLE, who=who, files={n: str(p) for n, p in files.items()})
    time.sleep(3)  # dates in a zip have a resolution of two seconds
    second = {f"{NAME} (1).ipynb": str(made["ada"])}
    moodle.do("hand-in", assignment=TITLE, who="ada", files=second)
    moodle.do("grade-by-hand", assignment=TITLE, who="hana", grade=BY_HAND, comment=COMMENT)


def round_trip(moodle: Moodle, course: Instructor, folder: Path) -> None:
    """Out of Moodle, through the course's commands, and back into it."""

    def download(verb: str, name: str, **asked: Any) -> Path:
        path = folder / name
        path.write_bytes(moodle.do(verb, assignment=TITLE, **asked))
        return path

    archive = download("archive", "submissions.zip", folders=True)
    sheet = download("worksheet", "worksheet.csv")
    print(
        course.run(
            *("drinkdeep", "collect", str(archive), f"--worksheet={sheet}", "--add-students")
        )
    )
    flat = download("archive", "flat.zip", folders=False)
    said = course.run("drinkdeep", "collect", str(flat), f"--worksheet={sheet}")
    assert "6 unchanged" in said, said
    print(course.run("drinkdeep", "grade", NAME))
    course.run("nbgrader", "generate_feedback", NAME)
    print(course.run("drinkdeep", "feedback", NAME))
    filled = folder / "filled.csv"
    sheet = download("worksheet", "worksheet.csv")
    course.export("MoodleWorksheet", filled, f"--MoodleWorksheet.worksheet={sheet}")
    told = moodle.do("upload-worksheet", assignment=TITLE, file=str(filled)).decode()
    print("Moodle:", told.splitlines()[0])
    pages = str(course.folder / "feedback" / f"{NAME}.zip")
    told = moodle.do("upload-feedback", assignment=TITLE, file=pages).decode()
    print("Moodle:", *re.findall(r"(?:Users with updated feedback|Feedback files \w+): \d+", told))


def check(moodle: Moodle, course: Instructor) -> None:
    """Every grade and page is where it belongs, none is lost, and none is frozen."""
    print(moodle.ask(QUERY))
    earned = course.earned()
    assert len(earned) == 6, earned
    assert len(set(earned.values())) == 6, "each has points of their own"
    pages = {}
    with course.gradebook() as book:
        for student in book.students:
            page = course.folder / "feedback" / student.id / NAME / f"{NAME}.html"
            if page.exists():
                pages[student.email.casefold()] = hashlib.sha1(page.read_bytes()).hexdigest()
    found = {row["username"]: row for row in moodle.rows(QUERY)}
    assert set(found) == set(PEOPLE)
    for username, (_, _, email) in PEOPLE.items():
        row, key = found[username], email.casefold()
        wanted = {"nora": None, "hana": BY_HAND}.get(username, earned.get(key))
        for column in ("assignment", "gradebook"):
            there = float(row[column]) if row[column] else None
            assert there == (None if wanted is None else round(wanted, 2)), (username, row)
        assert row["overridden"] == "no", row
        assert row["sha1"] == pages.get(key, ""), row
        assert row["comment"] == (COMMENT if username == "hana" else ""), row
    print("Every grade and page is in the right account; no grade is lost, and none is frozen.")


def csv_erases_nothing(moodle: Moodle, course: Instructor, folder: Path) -> None:
    """The other way, by the gradebook's import: it freezes what it brings, and nothing else."""
    out = folder / "grades.csv"
    course.export("MoodleExport", out)
    said = moodle.do(
        *("upload-csv",),
        file=str(out),
        **{"from": "Email address", "to": "useremail", "map": {NAME: f"Assignment: {TITLE}"}},
    )
    print("Moodle:", said.decode().strip())
    found = {row["username"]: row for row in moodle.rows(QUERY)}
    frozen = {username for username, row in found.items() if row["overridden"] == "yes"}
    assert frozen == {"ada", "eve", "kim1", "kim2", "jo", "slash"}, frozen
    assert float(found["hana"]["gradebook"]) == BY_HAND
    sheet = folder / "after.csv"
    sheet.write_bytes(moodle.do("worksheet", assignment=TITLE))
    said = course.export(
        "MoodleWorksheet", folder / "after-filled.csv", f"--MoodleWorksheet.worksheet={sheet}"
    )
    assert "Moodle will leave the grade of" in said, said
    print("The import of a file freezes what it brings, touches nobody else, and is warned about.")


def write_fixtures(moodle: Moodle) -> None:
    """The archives and the worksheet that the tests read, of small notebooks."""
    target = ROOT / "tests" / "grading" / "platforms" / "moodle"
    target.mkdir(parents=True, exist_ok=True)
    for name, folders in (("folders.zip", True), ("flat.zip", False)):
        (target / name).write_bytes(moodle.do("archive", assignment=TITLE, folders=folders))
    (target / "worksheet.csv").write_bytes(moodle.do("worksheet", assignment=TITLE))
    print(f"Written to {target}.")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, metavar="FOLDER", help="the source of a Moodle 4.x")
    parser.add_argument("--keep", type=Path, metavar="WHERE", help="a new folder, to look at later")
    parser.add_argument(
        "--fixtures", action="store_true", help="write what the tests read, and go no further"
    )
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        # A socket's path has to be short, and PostgreSQL's user has to get there.
        folder = arguments.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="moodle-"))
        )
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        socket = stack.enter_context(database(folder / "db"))
        moodle = installed(arguments.source, folder / "moodle", socket)
        print(moodle.ask("SELECT value AS moodle FROM mdl_config WHERE name = 'release'"))
        course = Instructor(folder / "course")
        people = ("ada-first", "ada", "eve", "kim1", "kim2", "jo", "slash")
        made = notebooks(folder / "handed-in", people, small=arguments.fixtures)
        hand_in(moodle, made, course.most())
        if arguments.fixtures:
            write_fixtures(moodle)
            return
        round_trip(moodle, course, folder)
        check(moodle, course)
        csv_erases_nothing(moodle, course, folder)


if __name__ == "__main__":
    main()
