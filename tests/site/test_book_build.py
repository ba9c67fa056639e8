"""`make book`: runs what changed, says what is wrong, and never takes half a build for a whole."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RUNS = "Executing notebook"


def book(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "build_book.py", folder],
        capture_output=True,
        text=True,
        check=False,
    )


def write_notebook(path: Path, *code: str, text: str = "# A notebook") -> None:
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell(text), *map(v4.new_code_cell, code)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of one page and one notebook, with the configuration of the real one.

    What takes seconds at the end of each build, and is nothing that one could see here, isn't in
    it: the digits on which no page trains, and the style sheet for all pages. For the same reason
    the page isn't called index: on a page of that name a network is drawn.
    """
    folder = tmp_path_factory.mktemp("template")
    config = (ROOT / "_config.yml").read_text()
    for extension in ("digit_files", "lean_styles"):
        config, found = re.subn(rf"(?m)^ *- {extension}\n", "", config)
        assert found == 1, extension
    (folder / "_config.yml").write_text(config)
    for part in ("assets", "site_extensions"):
        shutil.copytree(ROOT / "book" / part, folder / "book" / part)
    shutil.copy(ROOT / "book" / "references.bib", folder / "book")
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: book/first\nchapters: [file: book/notebook]\n"
    )
    (folder / "book" / "first.md").write_text("# A book\n\n$$\nx^2\n$$ (square)\n\n{eq}`square`\n")
    (folder / "drinkdeep").mkdir()
    (folder / "drinkdeep" / "module.py").write_text("x = 1\n")
    (folder / "requirements").mkdir()
    (folder / "requirements" / "student.lock").write_text("one==1\n")
    write_notebook(folder / "book" / "notebook.ipynb", "print('hello')")
    return folder


@pytest.fixture
def small_book(template: Path, tmp_path: Path) -> Path:
    """The book, not built yet."""
    return shutil.copytree(template, tmp_path, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def first_build(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The book, built once, and what the command has said."""
    folder = shutil.copytree(template, tmp_path_factory.mktemp("built"), dirs_exist_ok=True)
    built = book(folder)
    assert built.returncode == 0, built.stderr
    return folder, built.stdout


@pytest.fixture
def built_book(first_build: tuple[Path, str], tmp_path: Path) -> Path:
    """The book as it has been built, of the same age."""
    return shutil.copytree(first_build[0], tmp_path, dirs_exist_ok=True)


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_it_runs_what_changed_and_nothing_else(
    first_build: tuple[Path, str], built_book: Path
) -> None:
    assert RUNS in first_build[1]

    page = built_book / "_build/html/book/notebook.html"
    log = built_book / "_build/book.log"
    written = [file.stat().st_mtime_ns for file in (page, log)]
    again = book(built_book)
    assert again.returncode == 0
    assert again.stdout.startswith("Nothing changed")
    assert [file.stat().st_mtime_ns for file in (page, log)] == written, "it ran all the same"

    # A page that vanished is written again.
    page.unlink()
    assert book(built_book).returncode == 0
    assert page.is_file()

    # A change of the text is a new page from the old outputs.
    append(built_book / "book" / "first.md", "\nAnd more.\n")
    changed = book(built_book)
    assert changed.returncode == 0
    assert RUNS not in changed.stdout
    assert "And more." in (built_book / "_build/html/book/first.html").read_text()

    # A change of the package, or of what is installed, runs every notebook again.
    for name in ("drinkdeep/module.py", "requirements/student.lock"):
        append(built_book / name, "# changed\n")
        renewed = book(built_book)
        assert renewed.returncode == 0
        assert RUNS in renewed.stdout, name


def test_what_is_wrong_is_named_each_time(small_book: Path) -> None:
    append(small_book / "book" / "first.md", "\n$\\nosuchcommand{x}$ and [gone](gone.md)\n")
    write_notebook(
        small_book / "book" / "notebook.ipynb",
        "import sys",
        "print('beside the point', file=sys.stderr)",
        "1 / 0",
    )
    for _ in range(2):  # an incremental build would forget the warnings of the first
        build = book(small_book)
        assert build.returncode == 1
        for words in (
            r"book/first: formula '\\nosuchcommand{x}'",
            "gone.md",
            "stderr was found",
            "1 / 0",
            "ZeroDivisionError: division by zero",
            "The book was not built",
        ):
            assert words in build.stderr


def test_a_failure_that_is_meant_is_no_failure(small_book: Path) -> None:
    path = small_book / "book" / "notebook.ipynb"
    write_notebook(path, "1 / 0")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, path)
    build = book(small_book)
    assert build.returncode == 0, build.stderr
    assert "ZeroDivisionError" in (small_book / "_build/html/book/notebook.html").read_text()


def test_a_killed_build_does_not_count(small_book: Path) -> None:
    go = small_book / "go"
    wait = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)"
    write_notebook(small_book / "book" / "notebook.ipynb", wait, "print(1)")
    with subprocess.Popen(
        [sys.executable, ROOT / "tools" / "build_book.py", small_book],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as build:
        assert build.stdout is not None
        assert any(RUNS in line for line in build.stdout)
        os.killpg(build.pid, signal.SIGKILL)
    go.touch()
    again = book(small_book)
    assert again.returncode == 0, again.stderr
    assert RUNS in again.stdout
    assert (small_book / "_build/html/book/notebook.html").is_file()


def test_half_written_outputs_are_made_again(built_book: Path) -> None:
    (cached,) = (built_book / "_build" / ".jupyter_cache").rglob("base.ipynb")
    cached.write_text(cached.read_text()[:40])
    append(built_book / "book" / "first.md", "\nAnd more.\n")
    again = book(built_book)
    assert again.returncode == 0, again.stderr
    assert RUNS in again.stdout


def test_what_only_the_publisher_knows_appears_when_it_is_said_and_not_before(
    built_book: Path,
) -> None:
    notebook = built_book / "_build/html/book/notebook.html"
    before = notebook.read_text()
    assert "launch-buttons" not in before
    assert "og:image" not in before
    assert 'property="og:title" content="A notebook"' in before

    config = built_book / "_config.yml"
    said = config.read_text()
    for name, value in {
        "baseurl": "https://owner.example/name/",
        "repository_url": "https://github.com/owner/name",
        "jupyterhub_url": "https://hub.example",
    }.items():
        said = said.replace(f'{name}: ""', f"{name}: {value}")
    config.write_text(said)
    assert book(built_book).returncode == 0
    page = notebook.read_text()
    for words in (
        "https://mybinder.org/v2/gh/owner/name/main?urlpath=lab/tree/book/notebook.ipynb",
        "https://colab.research.google.com/github/owner/name/blob/main/book/notebook.ipynb",
        "%pip install git+https://github.com/owner/name",
        "https://hub.example/hub/user-redirect/git-pull?",
        'rel="canonical" href="https://owner.example/name/book/notebook.html"',
        'property="og:image" content="https://owner.example/name/_static/card.png"',
    ):
        assert words in page
    assert (built_book / "_build/html/_static/card.png").is_file()
    lost = (built_book / "_build/html/404.html").read_text()
    assert '<base href="https://owner.example/name/">' in lost


def nbval(folder: Path) -> subprocess.CompletedProcess[str]:
    """Compare what the folder's notebook gives with what is committed, as `make test` does."""
    shutil.copy(ROOT / "conftest.py", folder)
    options = ["-c", ROOT / "pyproject.toml", "--rootdir", folder, "-q"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, folder / "book" / "notebook.ipynb"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_chapter_is_compared_by_the_run_that_is_in_the_book(small_book: Path) -> None:
    """The cell gives something else each time, so it can be told which run was compared."""
    path = small_book / "book" / "notebook.ipynb"
    write_notebook(path, "import time\nprint(time.time_ns())")
    assert book(small_book).returncode == 0
    (cached,) = (small_book / "_build" / ".jupyter_cache").rglob("base.ipynb")
    (cell,) = (c for c in nbformat.read(cached, 4).cells if c.cell_type == "code")
    notebook = nbformat.read(path, 4)
    notebook.cells[1].update(outputs=cell.outputs, execution_count=1)
    nbformat.write(notebook, path)
    same = nbval(small_book)
    assert same.returncode == 0, same.stdout

    notebook.cells[1].outputs[0].text = "1\n"
    nbformat.write(notebook, path)
    assert "Cell outputs differ" in nbval(small_book).stdout

    # Once the package has changed, the book's run is no longer one of the chapter as it is.
    notebook.cells[1].outputs = cell.outputs
    nbformat.write(notebook, path)
    append(small_book / "drinkdeep" / "module.py", "# changed\n")
    assert "Cell outputs differ" in nbval(small_book).stdout
