"""What students get runs by itself, is the same each time, and holds nothing of the teacher's."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import answer_bank
import make_student_tree
import nbformat
import pytest
import ready
from leaks import flat, secrets
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from traitlets.config import PyFileConfigLoader

ROOT = Path(__file__).parents[2]
FILES = dict(make_student_tree.contents())


def text_of(name: str, *kinds: str) -> str:
    """What a file says; of a notebook, what its cells of these kinds say."""
    text = FILES[name].decode()
    if not name.endswith(".ipynb"):
        return text
    cells = nbformat.reads(text, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type in kinds)


TEXTS = {name: text_of(name, "code", "markdown") for name in FILES if not name.endswith(".gz")}
FLAT = {name: flat(text) for name, text in TEXTS.items()}
# How one seeds a generator; the helper package does it in the same words.
NO_SECRET = {"generator=torch.Generator().manual_seed(seed)"}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.fixture
def tree(student_tree: Path) -> Path:
    return student_tree


def command(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The console command, as it is in the student's tree."""
    return subprocess.run(
        [Path(sys.executable).with_name("drinkdeep"), *words],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_zip_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    packed = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        packed.append(make_student_tree.write(tmp_path / name)[1].read_bytes())
    assert packed[0] == packed[1]


def test_nothing_of_the_instructors_is_among_the_files() -> None:
    tops = {name.split("/")[0] for name in FILES}
    assert not tops & {"solutions", "tests", "benchmarks", "requirements"}
    assert [name for name in FILES if name.startswith("tools/")] == ["tools/ready.py"]
    assert not [name for name in FILES if "grading" in name or name.endswith(".pyc")]
    assert {f"exercises/{name}/{name}.ipynb" for name in answer_bank.ASSIGNMENTS} <= set(FILES)


@pytest.mark.parametrize("name", answer_bank.ASSIGNMENTS)
def test_no_line_of_a_solution_or_a_hidden_test_is_in_a_file(name: str) -> None:
    lines = {flat(line) for line in secrets(name)} - NO_SECRET
    assert len(lines) > 20
    for path, text in FLAT.items():
        assert [line for line in lines if line in text] == [], path


def test_the_search_for_leaks_finds_one() -> None:
    """Otherwise the test above could not fail."""
    source = answer_bank.source("01_cost")
    text = flat("\n".join(cell.source for cell in source.cells))
    assert all(flat(line) in text for line in secrets("01_cost"))


def test_no_marker_is_in_a_file() -> None:
    marker = re.compile(r"^\s*### BEGIN (SOLUTION|HIDDEN)", re.MULTILINE)
    assert any(marker.search(cell.source) for cell in answer_bank.source("01_cost").cells)
    for name, text in TEXTS.items():
        if name.endswith((".ipynb", ".py", ".md")):
            assert not marker.search(text), name


def test_every_link_of_a_page_leads_to_a_file() -> None:
    dead = []
    for name in TEXTS:
        if not name.startswith(("book/", "exercises/")) or name.endswith(".bib"):
            continue
        for target in LINK.findall(text_of(name, "markdown")):
            if "://" not in target:
                path = os.path.normpath(Path(name).parent / target)
                if path not in FILES:
                    dead.append(f"{name}: {target}")
    assert dead == []


def test_what_is_locked_needs_nothing_that_is_not() -> None:
    locked = {
        canonicalize_name(name) for name in ready.versions(FILES["requirements.lock"].decode())
    }
    direct = [
        Requirement(line)
        for line in FILES["requirements.txt"].decode().splitlines()
        if "==" in line
    ]
    assert {canonicalize_name(one.name) for one in direct} <= locked
    for name in locked:
        try:
            needed = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system
        for text in needed:
            one = Requirement(text)
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                assert canonicalize_name(one.name) in locked, f"{name} needs {one.name}"


def test_a_students_command_has_no_grader(tree: Path) -> None:
    said = command(tree, "--help").stdout
    assert "restore" in said
    assert "grade a class" not in said


@pytest.mark.slow
def test_the_tree_restores_from_what_it_carries(student_tree: Path, tmp_path: Path) -> None:
    tree = shutil.copytree(student_tree, tmp_path / "drinkdeep")
    path = tree / "exercises" / "01_cost" / "01_cost.ipynb"
    before = path.read_bytes()
    path.unlink()
    restored = command(tree, "restore", str(path))
    assert restored.returncode == 0, restored.stderr
    assert nbformat.read(path, 4).cells == nbformat.reads(before.decode(), 4).cells


def test_its_settings_hold_wherever_the_server_was_started(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub starts it in the home folder, and nbgrader leaves that for others."""
    monkeypatch.chdir(tmp_path)
    config = PyFileConfigLoader("nbgrader_config.py", path=str(tree)).load_config()
    assert Path(config.Exchange.assignment_dir) == tree.resolve() / "exercises"


def test_a_hub_is_told_of_settings_that_are_in_the_tree(tree: Path) -> None:
    page = (ROOT / "book" / "course.md").read_text(encoding="utf-8")
    named = re.search(r'"JUPYTER_CONFIG_PATH": "/opt/drinkdeep/([^"]+)"', page)
    assert named
    config = PyFileConfigLoader("nbgrader_config.py", path=str(tree / named[1])).load_config()
    assert config.Execute.on_notebook_start.__module__ == "drinkdeep.desk.validate"


def test_what_students_have_a_form_of_agrees_with_ours() -> None:
    """Their Makefile and their pyproject.toml are written out; what they share says the same."""
    rules = FILES["Makefile"].decode().split("\n\n")[2:]
    ours = (ROOT / "Makefile").read_text("utf-8").split("\n\n")
    assert len(rules) == 4
    assert [rule for rule in rules if rule.strip("\n") not in ours] == []

    theirs = tomllib.loads(FILES["pyproject.toml"].decode())
    mine = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    del mine["project"]["entry-points"]  # the grader's
    data = mine["tool"]["setuptools"]["package-data"]["drinkdeep"]
    mine["tool"]["setuptools"]["package-data"]["drinkdeep"] = [
        files for files in data if not files.startswith("grading/")
    ]
    mine["tool"] = {"setuptools": mine["tool"]["setuptools"]}
    assert theirs == mine

    theirs = ready.versions(FILES["requirements.lock"].decode())
    mine = ready.versions((ROOT / "requirements.lock").read_text("utf-8"))
    with_tests = ready.versions((ROOT / "requirements" / "test.lock").read_text("utf-8"))
    assert theirs.items() < mine.items() < with_tests.items()


def test_lab_can_be_made(tree: Path) -> None:
    # Not as a part of the `make` that runs this test.
    alone = {n: v for n, v in os.environ.items() if n not in ("MAKEFLAGS", "MAKEOVERRIDES", "VENV")}
    made = subprocess.run(
        ["make", "-n", "lab"], cwd=tree, env=alone, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert ".venv/bin/drinkdeep lab" in made.stdout


def test_a_container_makes_lab_too() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["onCreateCommand"] == "make .venv/ready"
    assert container["postAttachCommand"].startswith("make lab")
