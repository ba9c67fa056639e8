"""The built site, served and open in Chromium: what the benchmarks of its pages share."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loader import processor
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from site_server import CHROMIUM, FLAGS, SITE, serve


@contextmanager
def open_site() -> Iterator[tuple[Browser, str]]:
    """A browser, and where the site is served; says what it runs on."""
    if not (SITE / "index.html").is_file():
        sys.exit("There is no built book: run `make book` first.")
    if CHROMIUM is None:
        sys.exit("There is no Chromium on this machine: install it first.")
    with serve(SITE) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        print(f"Chromium {browser.version}, {processor()}, {os.cpu_count()} cores")
        yield browser, address
        browser.close()
