"""What tests share: the built site, a server, Chromium, and the sandbox."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import classroom
import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from drinkdeep.grading.errors import SandboxError
from drinkdeep.grading.sandbox.bubblewrap import bubblewrap

ROOT = Path(__file__).parent.parent
SITE = ROOT / "_build" / "html"

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the site, built by the command that a user gives."""
    build = subprocess.run(
        [sys.executable, ROOT / "tools" / "book.py", ROOT],
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


@pytest.fixture(scope="session")
def graded_class(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small graded class; the first process that needs it makes it for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "graded-class"
    done = folder / "done"
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            classroom.grade(folder)
            done.touch()
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        reason = "Chromium is not installed, so the site was not seen in a browser"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves a folder, and says where."""
    with ExitStack() as servers:

        def start(folder: Path) -> str:
            handler = functools.partial(Quiet, directory=folder)
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            servers.enter_context(server)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


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


def postgresql_programs() -> Path | None:
    """Where PostgreSQL's server is; Debian keeps it off the PATH."""
    found = [Path(path).parent for path in filter(None, [shutil.which("initdb")])]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(iter(found), None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of an empty database on a PostgreSQL server that is ours alone."""
    programs = postgresql_programs()
    if programs is None:
        reason = "PostgreSQL is not installed, so no gradebook was kept in it"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    # The server refuses to be run by root.
    user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="dd-pg-") as folder:  # a socket's path has to be short
        if user:
            shutil.chown(folder, **user)
        data = f"{folder}/data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "drinkdeep", "-A", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
            **user,
        )
        server = [programs / "postgres", "-D", data, "-k", folder, "-F", "-c", "listen_addresses="]
        with subprocess.Popen(server, cwd=folder, stderr=subprocess.PIPE, text=True, **user) as run:
            assert run.stderr is not None
            for line in run.stderr:
                if "ready to accept connections" in line:
                    break
            yield f"postgresql+psycopg://drinkdeep@/postgres?host={folder}"
            run.terminate()
            run.communicate()
