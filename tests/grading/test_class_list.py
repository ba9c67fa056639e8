"""A class list is read as a spreadsheet saves it, or it is said what is wrong with it."""

from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from programs import environment

from drinkdeep import command
from drinkdeep.grading.platforms.class_list import read
from drinkdeep.grading.platforms.roster import RosterError

ZOE = {"first_name": "Zoë", "last_name": "Müller, Dr.", "email": "zoe@example.org"}
CLASS = {"zoe": ZOE, "ben": {"first_name": "Ben"}}
PLAIN = 'id,first_name,last_name,email\nzoe,Zoë,"Müller, Dr.",zoe@example.org\nben,Ben,,\n'
SEMICOLONS = "id;first_name;last_name;email\nzoe;Zoë;Müller, Dr.;zoe@example.org\nben;Ben;;\n"
BLANKS = """id , first_name, last_name ,email
 zoe, Zoë , "Müller, Dr." ,\tzoe@example.org
ben, Ben, ,
"""


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("cp1252"),
        PLAIN.replace("\n", "\r\n").encode(),
        BLANKS.encode(),
        SEMICOLONS.encode("cp1252"),
        SEMICOLONS.replace(";", "\t").encode("utf-16"),
        f"sep=;\n{SEMICOLONS}".encode("utf-8-sig"),
        PLAIN.replace("id,first_name,last_name,email", "ID,First name,Last-Name,E-mail").encode(),
        f"{PLAIN},,,\n\n".encode(),
        PLAIN.replace("ben,Ben,,", "ben,Ben").encode(),
    ],
)
def test_a_table_is_read_as_a_spreadsheet_saves_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "class.csv"
    path.write_bytes(content)
    assert read(path) == CLASS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,email\nAda,a@example.org\n", "no column “id”.*; it has “name”, “email”"),
        ("", "no column “id”.*; it has none at all"),
        ("id,email\n", "has nobody in it"),
        ("id,first_name\n,Ada\n", "student 1: there is no id, only “”, “Ada”"),
        ("id\nada\nben\nada\n", "student 3: “ada” is there twice"),
        ("id\na/b\n", "“a/b” can't be the name of a folder"),
        (f"id\n{'a' * 200}\n", "more than 128 characters"),
        ("PK\x03\x04 and more", "is a spreadsheet's own file: save the table as CSV"),
    ],
)
def test_it_is_said_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "class.csv"
    path.write_text(text)
    with pytest.raises(RosterError, match=said):
        read(path)


def test_they_are_entered_and_what_the_table_lacks_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", environment()["PATH"])
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    path = tmp_path / "class.csv"
    path.write_text(PLAIN)
    db = f"sqlite:///{tmp_path}/gradebook.db"
    words = ["students", str(path), f"--course-dir={tmp_path}", f"--db={db}"]
    assert command.main(words) == 0
    assert capsys.readouterr().out == "2 students in the gradebook: 2 new.\n"
    path.write_text("id,last_name\nben,Okafor\nzoe,\neve,\n")
    assert command.main(words) == 0
    said = capsys.readouterr().out
    assert said == "3 students in the gradebook: 1 changed, 1 as they were, 1 new.\n"
    with Gradebook(db) as gradebook:
        ben, zoe = (gradebook.find_student(name) for name in ("ben", "zoe"))
        assert (ben.first_name, ben.last_name) == ("Ben", "Okafor")
        assert {name: getattr(zoe, name) for name in ZOE} == ZOE
    assert command.main(["students", str(tmp_path / "no.csv"), f"--course-dir={tmp_path}"]) == 2
    assert "no.csv can't be read (No such file or directory)" in capsys.readouterr().err
