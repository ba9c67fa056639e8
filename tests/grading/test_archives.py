"""Archives from an LMS are taken in by `nbgrader zip_collect`, whatever is in them."""

import io
import tarfile
import zipfile
from pathlib import Path

import nbformat
import pytest
from courses import OURS, Course
from nbformat.v4 import new_notebook
from small_course import NAME

NOTEBOOK = nbformat.writes(new_notebook()).encode()
OTHER = NOTEBOOK + b"\n"
PATTERN = r".*/(?P<student_id>[^/]+)_attempt_(?P<timestamp>[0-9\-]*)[_/](?P<file_id>.+)\.ipynb"


def entry(student: str, time: str = "2026-11-03") -> str:
    return f"{folder(student, time)}_{NAME}.ipynb"


def folder(student: str, time: str = "2026-11-03") -> str:
    return f"{student}_attempt_{time}"


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


def tarred(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for info, content in entries:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def tar_link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


BOMB = zipped(("bomb.txt", bytes(3_000_000)))
ARCHIVES = {
    "class.zip": zipped(
        (entry("ann"), NOTEBOOK),
        (entry("bob, jr. 'ü'"), NOTEBOOK),
        (link(entry("eve")), b"/etc/passwd"),
    ),
    "nested.zip": zipped((folder("carl") + ".zip", zipped((f"work/{NAME}.ipynb", NOTEBOOK)))),
    # What a student packs names nobody, not even another.
    "inner.zip": zipped(
        ("mine.zip", zipped((entry("ann"), NOTEBOOK))),
        (folder("hal") + ".zip", zipped((f"{folder('ann')}/{NAME}.ipynb", OTHER))),
    ),
    "first.zip": zipped((entry("ira", ""), NOTEBOOK)),
    "second.zip": zipped((entry("ira", ""), OTHER)),
    "dora.tar.gz": tarred(
        (tarfile.TarInfo(entry("dora")), NOTEBOOK), (tar_link("out", "/etc"), b"")
    ),
    "up.zip": zipped((f"../../../../{entry('up')}", NOTEBOOK)),
    "root.zip": zipped((f"/tmp/{entry('root')}", NOTEBOOK)),
    "windows.zip": zipped((f"..\\..\\{entry('windows')}", NOTEBOOK)),
    "out.tar.gz": tarred((tarfile.TarInfo(f"../../{entry('out')}"), NOTEBOOK)),
    "bomb.zip": zipped((entry("bomb"), NOTEBOOK), ("1.zip", BOMB), ("2.zip", BOMB)),
    "torn.zip": zipped((entry("torn"), NOTEBOOK))[:-40],
    "text.zip": b"no archive",
    "dots.zip": zipped((entry(".."), NOTEBOOK), (entry("fred", "99-99-99"), NOTEBOOK)),
}
ARCHIVES["deep.zip"] = zipped(("folder-in-folder/" * 300 + entry("deep"), NOTEBOOK))
REFUSED = ("deep", "up", "root", "windows", "out", "bomb", "torn", "text")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The course into which they were collected, and what nbgrader said."""
    folder = tmp_path_factory.mktemp("lms") / "course"
    archive = folder / "downloaded" / NAME / "archive"
    archive.mkdir(parents=True)
    for name, content in ARCHIVES.items():
        (archive / name).write_bytes(content)
    (archive / entry("gil")).write_bytes(NOTEBOOK)
    (archive / entry("link")).symlink_to("/etc/passwd")
    settings = OURS + f"c.FileNameCollectorPlugin.named_regexp = {PATTERN!r}\n"
    settings += "c.SafeExtractor.most_bytes = 5_000_000\n"
    return folder, Course(folder, settings=settings).run("nbgrader", "zip_collect", NAME)


def test_honest_submissions_are_collected(collected: tuple[Path, str]) -> None:
    folder, _ = collected
    notebooks = (folder / "submitted").glob(f"*/{NAME}/{NAME}.ipynb")
    students = {path.parent.parent.name for path in notebooks}
    assert students == {"ann", "bob, jr. 'ü'", "carl", "dora", "fred", "gil", "hal"}


def test_what_a_student_names_gives_nothing_to_another(collected: tuple[Path, str]) -> None:
    folder, said = collected
    assert (folder / "submitted/ann" / NAME / f"{NAME}.ipynb").read_bytes() == NOTEBOOK
    assert (folder / "submitted/hal" / NAME / f"{NAME}.ipynb").read_bytes() == OTHER
    assert "whose it is would follow from a name that a student has chosen" in said


def test_two_of_one_name_stop_nobody_else(collected: tuple[Path, str]) -> None:
    folder, said = collected
    assert "were left out: their names give them all to “ira”" in said
    assert not (folder / "submitted" / "ira").exists()


def test_the_time_is_kept_if_it_is_one(collected: tuple[Path, str]) -> None:
    submitted = collected[0] / "submitted"
    assert "2026-11-03" in (submitted / "ann" / NAME / "timestamp.txt").read_text()
    assert not (submitted / "fred" / NAME / "timestamp.txt").exists()


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_archive_is_said_and_passed_over(collected: tuple[Path, str], name: str) -> None:
    folder, said = collected
    (file,) = [file for file in ARCHIVES if file.startswith(f"{name}.")]
    assert f"“{file}” was not taken in" in said
    assert not (folder / "downloaded" / NAME / "extracted" / name).exists()


def test_folders_too_deep_for_the_system_are_no_damage(collected: tuple[Path, str]) -> None:
    assert "folders lie too deep in one another" in collected[1]


def test_nothing_lies_outside_and_no_link_was_made(collected: tuple[Path, str]) -> None:
    folder, said = collected
    assert [p.name for p in folder.parent.iterdir()] == ["course"]
    assert {p.name for p in folder.iterdir()} == {"downloaded", "nbgrader_config.py", "submitted"}
    extracted = folder / "downloaded" / NAME / "extracted"
    assert not any(p.is_symlink() for p in extracted.rglob("*"))
    assert said.count("is a link or a device") == 2
    assert "gives the student the name “..”" in said
