"""The way with Canvas, there and back, by the rules in Canvas's own source.

    .venv/bin/python tests/real/canvas.py FOLDER

README.md, beside this file, says what it needs, and which rules are run and which are not.
"""

import argparse
import csv
import io
import json
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from instructor import BY_HAND, NAME, TITLE, Instructor, notebooks

from moodle_class import PEOPLE as MOODLE_PEOPLE  # isort: skip  (where it lies, instructor says)

HERE = Path(__file__).parent
# The last is called what Canvas's gradebook calls the line with the points.
PEOPLE = MOODLE_PEOPLE | {"points": ("Kim", "Points Possible", "points@example.org")}
NUMBERS = {student: 11 + place for place, student in enumerate(PEOPLE)}
ASSIGNMENT, TWIN, CREATED = 98765, 98764, 99999
WORKED = ("ada", "eve", "kim1", "kim2", "jo", "slash", "points")
POSTS = r"""
const read = name => require("fs").readFileSync(name, "utf8");
const source = read(process.argv[1]).replace(/^(import|export) .*$/gm, "");
const _ = list => ({zip: other => list.map((one, place) => [one, other[place]])});
const page = new Function("_", "I18n", `${source}; return ProcessGradebookUpload`)(_, {t: x => x});
const {gradebook, created} = JSON.parse(read(0));
// Of one request jQuery gives the answer itself; there is never more than one here.
const responses = page.getNewAssignmentsFromGradebook(gradebook).map(() => ({id: created}));
console.log(JSON.stringify(page.populateGradeData(gradebook, responses)));
"""
"""Canvas's page, which decides what of an import is posted to the server."""


def ids(student: str) -> dict[str, str]:
    """What Canvas knows somebody by."""
    number = NUMBERS[student]
    login = PEOPLE[student][2]
    return {"ID": str(number), "SIS User ID": f"s-{number}", "SIS Login ID": login}


def sortable(student: str) -> str:
    """Last name, first name."""
    first, last, _ = PEOPLE[student]
    return f"{last}, {first}"


class Canvas:
    """A course of Canvas's, of which our files are given to its rules."""

    def __init__(self, source: Path, most: float, folder: Path) -> None:
        self.source, self.most, self.folder = source, most, folder
        self.assignments = {TWIN: TITLE, ASSIGNMENT: TITLE, 98766: "Final Score of a game"}
        self.scores = {NUMBERS["hana"]: BY_HAND, NUMBERS["ada"]: 1.0}
        self.handed_in: list[dict[str, Any]] = []

    def do(self, verb: str, **asked: Any) -> Any:
        """Have Canvas's classes do what somebody would click."""
        asked |= {
            "people": [
                {
                    "id": NUMBERS[student],
                    "name": " ".join(PEOPLE[student][:2]),
                    "sortable_name": sortable(student),
                    "sis": ids(student)["SIS User ID"],
                    "login": ids(student)["SIS Login ID"],
                }
                for student in PEOPLE
            ],
            "assignments": [
                {"id": number, "title": title, "points_possible": self.most}
                for number, title in self.assignments.items()
            ],
            "assignment": ASSIGNMENT,
            "scores": [
                {"user_id": user, "assignment_id": ASSIGNMENT, "score": score}
                for user, score in self.scores.items()
            ],
            "handed_in": self.handed_in,
        }
        return self._run(["ruby", HERE / "canvas.rb", self.source, verb], asked)

    def imported(self, file: Path) -> tuple[dict[str, Any], dict[int, dict[str, dict[str, str]]]]:
        """What the importer makes of a file; what its page then posts, by assignment and user."""
        gradebook = self.do("import", file=str(file))
        page = self.source / "app/jsx/gradebook/uploads/process_gradebook_upload.js"
        posted = self._run(
            ["node", "-e", POSTS, page], {"gradebook": gradebook, "created": CREATED}
        )
        return gradebook, {int(number): grades for number, grades in posted.items()}

    def exported(self) -> Path:
        """What its gradebook's *Export* gives, as lib/gradebook_exporter.rb writes it."""
        path = self.folder / "canvas-has.csv"
        titles = [f"{title} ({number})" for number, title in self.assignments.items()]
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(["Student", *ids("ada"), "Section", *titles, "Current Score", "Final Score"])
        points = [self.most for _ in titles]
        rows.writerow(["    Points Possible", "", "", "", "", *points, *["(read only)"] * 2])
        for student, number in NUMBERS.items():
            score = [
                self.scores.get(number, "") if a == ASSIGNMENT else "" for a in self.assignments
            ]
            rows.writerow([sortable(student), *ids(student).values(), "A", *score, "", ""])
        path.write_text(text.getvalue(), encoding="utf-8")
        return path

    @staticmethod
    def _run(command: list[str | Path], asked: dict[str, Any]) -> Any:
        run = subprocess.run(
            command, input=json.dumps(asked), capture_output=True, text=True, check=False
        )
        if run.returncode or run.stderr:
            raise SystemExit(f"{command[-1]}: {run.stdout[-2000:]}{run.stderr}")
        return json.loads(run.stdout)


def hand_in(canvas: Canvas, folder: Path) -> None:
    """What the class uploads: Ada twice, Eve late, Kim (the second) in an archive."""
    made = notebooks(folder, ("ada-first", *WORKED))
    with zipfile.ZipFile(folder / "kim.zip", "w") as archive:
        archive.write(made["kim2"], f"cost/{NAME}.ipynb")
    (folder / "zz.py").write_text("x = 1\n")
    number = 90_000
    for who, files in (
        ("ada", [(f"{NAME}.ipynb", made["ada-first"]), (f"{NAME}.ipynb", made["ada"])]),
        ("kim2", [("kim.zip", folder / "kim.zip")]),
        ("jo", [(f"{NAME} (1).ipynb", made["jo"]), ("zz.py", folder / "zz.py")]),
        *((who, [(f"{NAME}.ipynb", made[who])]) for who in ("eve", "kim1", "slash", "points")),
    ):
        work: dict[str, Any] = {"user": NUMBERS[who], "late": who == "eve", "files": []}
        for name, path in files:
            number += 1
            work["files"].append({"id": number, "name": name, "path": str(path)})
        if who == "ada":
            work["counts"] = 1  # a second try takes the place of the first
        canvas.handed_in.append(work)


def enter(course: Instructor, column: str) -> None:
    """The class list of the book, with what stands in this column of Canvas's as lms_user_id."""
    rows = [
        f'{student},"{first}","{last.replace(chr(34), chr(34) * 2)}",{email},{ids(student)[column]}'
        for student, (first, last, email) in PEOPLE.items()
    ]
    text = "\n".join(["id,first_name,last_name,email,lms_user_id", *rows])
    (course.folder / "class.csv").write_text(text, encoding="utf-8")
    course.run("drinkdeep", "students", "class.csv")


def collect(canvas: Canvas, course: Instructor) -> None:
    """Take in the archive as Canvas names it, with its list of people and without."""
    names = canvas.do("archive")
    print("Canvas's archive:", *names, sep="\n  ")
    archive = canvas.folder / "submissions.zip"
    with zipfile.ZipFile(archive, "w") as files:
        for name, path in names.items():
            files.write(path, name)
    said = course.run("drinkdeep", "collect", str(archive))
    assert f"{len(WORKED)} taken in" in said, said
    assert "Nothing was handed in by “hana”, “nora”." in said, said
    said = course.run("drinkdeep", "collect", str(archive), f"--worksheet={canvas.exported()}")
    assert f"{len(WORKED)} unchanged" in said, said
    hidden = canvas.folder / "anonymous.zip"
    with zipfile.ZipFile(hidden, "w") as files:
        for name, path in canvas.do("archive", anonymous=True).items():
            files.write(path, name)
    said = course.run("drinkdeep", "collect", str(hidden), code=1)
    # Of who is late the word stands where a name would, and the number is still there.
    assert said.count("Canvas hides whose it is") == len(names) - 1, said
    assert "“ada”, from" not in said, said


def grades_go_back(canvas: Canvas, course: Instructor) -> None:
    """By each of the columns that Canvas knows people by, with its file and without."""
    earned = course.earned()
    wanted = {str(NUMBERS[student]): earned[PEOPLE[student][2].casefold()] for student in WORKED}
    assert len(set(wanted.values())) == len(WORKED), wanted
    titled = f"--CanvasExport.titles={NAME}={TITLE} ({ASSIGNMENT})"

    def export(name: str, *options: str) -> Path:
        path = canvas.folder / f"{name}.csv"
        course.export("CanvasExport", path, *options)
        return path

    def check(file: Path, number: int = ASSIGNMENT) -> None:
        gradebook, posted = canvas.imported(file)
        assert gradebook["missing_objects"]["students"] == [], gradebook
        assert [a["points_possible"] for a in gradebook["assignments"]] == [canvas.most]
        (grades,) = posted.values()
        assert set(posted) == {number}, posted
        assert {who: float(g["posted_grade"]) for who, g in grades.items()} == wanted, posted

    for column in ("ID", "SIS User ID", "SIS Login ID"):
        enter(course, column)
        by = f"--CanvasExport.identify_by={column}"
        for looked_up in ([], [f"--CanvasExport.gradebook={canvas.exported()}"]):
            check(export("grades", by, titled, *looked_up))
            print(f"By {column}, {'looked up' if looked_up else 'by itself'}: all, to whom it was.")

    enter(course, "ID")
    twin = canvas.assignments.pop(TWIN)
    check(export("bare", f"--CanvasExport.titles={NAME}={TITLE}"))
    print("By the title alone, where there is but one: the same.")
    canvas.assignments = {TWIN: twin, **canvas.assignments}
    check(export("new"), number=CREATED)
    gradebook, _ = canvas.imported(canvas.folder / "new.csv")
    assert [a["title"] for a in gradebook["assignments"] if a["id"] < 0] == [NAME]
    print("By a title that Canvas has not: a new assignment, and nothing in the others.")

    total = f"--CanvasExport.titles={NAME}=Final Score of a game (98766)"
    said = course.export("CanvasExport", canvas.folder / "total.csv", total, code=1)
    assert "Canvas would pass over the grades" in said, said
    text = (canvas.folder / "bare.csv").read_text(encoding="utf-8")
    (canvas.folder / "total.csv").write_text(text.replace(TITLE, "Final Score of a game (98766)"))
    assert canvas.imported(canvas.folder / "total.csv")[1] == {}
    print("By a title like a total's: refused here, as Canvas passes over it.")

    # Whoever says the wrong column: Canvas finds nobody, and gives nobody anything.
    wrong = export("wrong", "--CanvasExport.identify_by=SIS Login ID", titled)
    gradebook, posted = canvas.imported(wrong)
    assert not set(posted.get(ASSIGNMENT, {})) & set(map(str, NUMBERS.values())), posted
    print("By the wrong column: nobody is found, not even by the name, and nobody's grade changes.")


def feedback_goes_back(canvas: Canvas, course: Instructor) -> None:
    """Each page is found to be its owner's."""
    print(course.run("drinkdeep", "feedback", NAME).strip())
    with zipfile.ZipFile(course.folder / "feedback" / f"{NAME}.zip") as archive:
        pages = {name: archive.read(name) for name in archive.namelist()}
    found = canvas.do("feedback", names=list(pages))
    own = {
        NUMBERS[student]: (course.folder / "feedback" / student / NAME / f"{NAME}.html")
        for student in WORKED
    }
    assert sorted(context["user"] for context in found.values()) == sorted(own)
    for name, context in found.items():
        assert pages[name] == own[context["user"]].read_bytes(), name
        print(f"  {name} → {context}")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, metavar="FOLDER", help="the source of a Canvas")
    source = parser.parse_args().source.absolute()
    with tempfile.TemporaryDirectory(prefix="canvas-") as name:
        folder = Path(name)
        course = Instructor(folder / "course")
        canvas = Canvas(source, course.most(), folder)
        hand_in(canvas, folder / "handed-in")
        enter(course, "ID")
        collect(canvas, course)
        print(course.run("drinkdeep", "grade", NAME).strip())
        course.run("nbgrader", "generate_feedback", NAME)
        grades_go_back(canvas, course)
        feedback_goes_back(canvas, course)


if __name__ == "__main__":
    main()
