"""The environment check says OK, or in one sentence what is wrong and what to do."""

import importlib.metadata
import os
import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from drinkdeep import command, mnist_files
from drinkdeep.desk import check

ROOT = Path(__file__).parents[2]
Usage = namedtuple("Usage", "total used free")


def troubles() -> list[str]:
    return [item.trouble for item in check.items() if item.trouble]


def test_here_everything_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    check.show()
    said = capsys.readouterr().out
    assert said.count("OK ") == len(check.LOOKS)
    assert "TO DO" not in said
    assert said.endswith("Everything is there.\n")


def test_an_old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert "This is Python 3.9, and the course needs 3.11 or newer: remove" in troubles()[0]


def test_a_package_of_another_version_and_one_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text(
        "# the lessons\nnumpy==1.0\nno-such-package==2.0\ntqdm==9 ; sys_platform == 'none'\n"
    )
    monkeypatch.setattr(check, "COURSE", tmp_path)
    (said,) = troubles()
    installed = importlib.metadata.version("numpy")
    assert f"numpy is {installed} instead of ==1.0, no-such-package is missing" in said
    assert "run `make lab`" in said


def test_data_that_is_damaged_and_a_cache_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()
    monkeypatch.setenv("DRINKDEEP_CACHE", str(blocked))
    (said,) = troubles()
    assert "set DRINKDEEP_CACHE to a folder that you can write to" in said
    monkeypatch.setenv("DRINKDEEP_CACHE", str(tmp_path / "cache"))
    shipped = tmp_path / "data"
    shutil.copytree(mnist_files.SHIPPED, shipped)
    (shipped / "train-labels-idx1-ubyte.gz").write_bytes(b"not zipped")
    monkeypatch.setattr(mnist_files, "SHIPPED", shipped)
    (said,) = troubles()
    assert "train-labels-idx1-ubyte.gz is damaged: restore it with `git checkout" in said


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 12 * 10**6))
    assert "The disk has 12 MB left, and the course needs 300 MB: remove" in troubles()[0]


@pytest.mark.parametrize("lack", ["Python", "space"])
def test_lab_is_not_opened_where_it_could_not_work(
    lack: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    if lack == "Python":
        monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    else:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 12 * 10**6))
    assert command.main(["lab", "--no-browser"]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert {"Python": "run `make lab PYTHON=", "space": "remove what you don't need"}[lack] in said


def test_a_folder_in_which_nothing_can_be_saved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    (said,) = troubles()
    assert said.startswith(f"Nothing can be saved in {tmp_path} (Permission denied): copy")


def test_an_extension_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "LAB_EXTENSIONS", ("no-such-extension",))
    assert "JupyterLab lacks no-such-extension: run `make lab`" in troubles()[0]


def test_a_look_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("disk on fire")

    monkeypatch.setitem(check.LOOKS, "Python is new enough", broken)
    (said,) = troubles()
    assert "could not be looked at: OSError: disk on fire" in said


def test_a_file_of_requirements_may_include_another(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "one.txt").write_text("one==1  # the first\n")
    (tmp_path / "requirements.txt").write_text("-r more/one.txt\n\ntwo==2\n")
    found = check.pinned(tmp_path / "requirements.txt")
    assert [str(one) for one in found] == ["one==1", "two==2"]


def test_pytorch_for_the_processor_is_the_pinned_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("torch==2.14.1\n")
    monkeypatch.setattr(check, "COURSE", tmp_path)
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "2.14.1+cpu")
    assert troubles() == []
