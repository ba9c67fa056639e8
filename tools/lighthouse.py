"""Let Lighthouse judge pages of the built book, served compressed as web servers do.

    python tools/lighthouse.py [PAGE …]     such as book/draw.html; by default all pages

Needs Node (for `npx`) and Chromium; whoever reads or writes the book needs neither Node nor this.
Prints a line a page and exits with 1 if one falls short. `make book` first.

Lighthouse multiplies the time that this machine takes, as a rule by four, so whatever else it has
to do lowers the performance of a page, and nothing raises it. A page that falls short is judged
again, up to three times, and its best scores count. Beside them stands how fast the machine was in
the last of these runs, by Lighthouse's own benchmark: only runs with like numbers compare.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

from build_book import pages
from site_server import CHROMIUM, SITE, Quiet, serve

ROOT = Path(__file__).resolve().parent.parent
VERSION = "12.8.2"
TRIES = 3
LEAST = {"accessibility": 100, "best-practices": 95, "performance": 90}


class Compressed(Quiet):
    """A plain server, but for compressing what it sends."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send a file."""
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        content = gzip.compress(file.read_bytes())
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(file))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def judge(address: str) -> tuple[dict[str, int], int]:
    """Lighthouse's verdict in each category, from 0 to 100, and the speed of the machine.

    It is that for a slow phone, which it simulates.
    """
    report = subprocess.run(
        [
            "npx",
            "--yes",
            f"lighthouse@{VERSION}",
            address,
            "--output=json",
            "--quiet",
            "--chrome-flags=--headless --no-sandbox --disable-gpu",
            f"--only-categories={','.join(LEAST)}",
        ],
        env=os.environ | {"CHROME_PATH": CHROMIUM or ""},
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(report.stdout)
    scores = {name: round(100 * (found["categories"][name]["score"] or 0)) for name in LEAST}
    return scores, round(found["environment"]["benchmarkIndex"])


def good(scores: dict[str, int]) -> bool:
    """Return whether no category falls short."""
    return all(scores[name] >= least for name, least in LEAST.items())


def main() -> int:
    """Judge the pages; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="*", type=Path)
    chosen = parser.parse_args().pages or pages(ROOT)
    if shutil.which("npx") is None:
        sys.exit("Lighthouse needs Node, which is not installed.")
    short = False
    with serve(SITE, Compressed) as address:
        print(f"{'':32}" + "".join(f"{name:>16}" for name in (*LEAST, "machine")))
        for page in chosen:
            best = dict.fromkeys(LEAST, 0)
            for _ in range(TRIES):
                found, speed = judge(f"{address}/{page}")
                best = {name: max(best[name], score) for name, score in found.items()}
                if good(best):
                    break
            short = short or not good(best)
            numbers = (*best.values(), speed)
            print(f"{page!s:32}" + "".join(f"{n:16}" for n in numbers), flush=True)
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
