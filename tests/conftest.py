"""What tests share: the built site, a server, Chromium and its windows, and the sandbox."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import site_server
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from site_server import CHROMIUM, FLAGS, SITE

from drinkdeep.grading.errors import SandboxError
from drinkdeep.grading.sandbox.bubblewrap import bubblewrap

ROOT = Path(__file__).parent.parent
# A test that uses a fixture of this name is marked by the other: `pytest -m "not browser"`.
MARKED = {"chromium": "browser", "sandbox": "sandbox", "site": "slow"}
# What takes minutes, one test after another, in this order: begun first, since a process that is
# left with such a file at the end has the others wait. Of four processes each is given two files to
# begin with, the first and the fifth, the second and the sixth.
LONGEST = (
    *("test_journeys.py", "test_attacks.py", "test_hub.py", "test_answers.py"),
    *("test_site.py", "test_teaching.py", "test_validate.py", "test_book_build.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it drives, which its fixtures say; the longest files come first."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))
    for item in items:
        for fixture, mark in MARKED.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the site, built by the command that a user gives."""
    build = subprocess.run(
        [sys.executable, ROOT / "tools" / "build_book.py", ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stdout + build.stderr
    return SITE


@pytest.fixture(scope="session")
def sandbox() -> None:
    """What runs a student's code needs bubblewrap."""
    try:
        bubblewrap()
    except SandboxError as error:
        pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        reason = "Chromium is not installed, so the site was not seen in a browser"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    # What takes long on a busy machine is waited for; Playwright's own bound is 5 s.
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves a folder, and says where."""
    with ExitStack() as servers:
        yield lambda folder: servers.enter_context(site_server.serve(folder))


@pytest.fixture(scope="session")
def address(site: Path, serve: Callable[[Path], str]) -> str:
    """Where the site is served."""
    return serve(site)


@pytest.fixture(
    scope="module",
    params=[(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def window(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser window, wide or as narrow as a phone, of a reader who likes light or dark."""
    width, scheme = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    yield context
    context.close()
