"""What the sandbox is told to show."""

import sys
from pathlib import Path

import pytest

from drinkdeep.grading.sandbox.bubblewrap import environment, packages_elsewhere


def test_packages_are_shown_wherever_they_lie_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages, course = tmp_path / "packages", tmp_path / "course"
    (packages / "torch-2.0.dist-info").mkdir(parents=True)
    (course / "solutions").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(course), str(packages), *sys.path])
    assert packages_elsewhere()[0] == str(packages)
    assert str(course) not in packages_elsewhere()
    assert f":{packages}" in environment()["PYTHONPATH"]


def test_where_all_is_in_the_environment_nothing_more_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside = [entry for entry in sys.path if Path(entry).is_relative_to(sys.prefix)]
    monkeypatch.setattr(sys, "path", inside)
    assert packages_elsewhere() == []
