"""Make the student's tree: chapters, exercises, helper package; no solutions, no hidden tests.

    python tools/make_student_tree.py [FOLDER]     by default _build/student

writes FOLDER/drinkdeep, which runs by itself (`make lab`), and FOLDER/drinkdeep.zip of it, the same
bytes each time. In it is what the repository holds, so what lies about in a folder stays there.
"""

import argparse
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What students get as it is; of a folder, all of it but what stands below.
TAKEN = (
    *("book", "exercises", "drinkdeep", "tools/ready.py"),
    *("LICENSE", "LICENSE-text", ".binder", ".devcontainer", ".gitignore"),
)
# What belongs to the site, and to whoever grades.
LEFT_OUT = ("book/assets", "book/site_extensions", "drinkdeep/grading")
# What has a form of its own for students: its name there, and where it lies here.
OWN = {
    "Makefile": "tools/student/Makefile",
    "README.md": "tools/student/README.md",
    "nbgrader_config.py": "tools/student/nbgrader_config.py",
    "pyproject.toml": "tools/student/pyproject.toml",
    "drinkdeep/desk/jupyter/labconfig/page_config.json": "tools/student/page_config.json",
    "requirements.txt": "requirements/student.txt",
    "requirements.lock": "requirements/student.lock",
}


def contents() -> Iterator[tuple[str, bytes]]:
    """Path and content of each file of the student's tree."""
    for name in _tracked():
        if not name.startswith(LEFT_OUT):
            yield name, (ROOT / name).read_bytes()
        if name.startswith("exercises/") and name.endswith(".ipynb"):
            # What `drinkdeep restore` goes back to, where there is no git to ask.
            yield f"drinkdeep/desk/released/{Path(name).name}", (ROOT / name).read_bytes()
    for name, here in OWN.items():
        yield name, (ROOT / here).read_bytes()


def _tracked() -> list[str]:
    """Return the files that git knows, of those that students get."""
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
