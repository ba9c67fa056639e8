"""Make .venv ready: a virtual environment with the course's packages, each checked by its hash.

    python3 tools/ready.py            PyTorch as the lock has it; on Linux with CUDA, some 5 GB
    python3 tools/ready.py cpu        PyTorch for the processor alone
    python3 tools/ready.py cuda       back to the lock's
    python3 tools/ready.py --tests    with what the tests need besides

The Makefile calls it with whatever Python there is, so it keeps to the standard library. What was
chosen once is kept until the other is named. The file .venv/ready is written last: a run that was
killed goes on where pip stopped.

PyTorch's index for processors has the same versions under names of its own (2.14.1+cpu), which are
in no lock: their hashes are those that the index states beside them. All else comes by the lock.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEAST_PYTHON = (3, 11)
# GB on the disk.
ROOM = {"cuda": 7.0 if sys.platform == "linux" else 3.0, "cpu": 2.5}
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
TORCH = ("torch", "torchvision")
# What only PyTorch for CUDA needs.
CUDA = re.compile("(cuda|nvidia)-.+|triton")
ENTRY = re.compile(r"(?m)^(?P<name>[A-Za-z0-9._-]+)(?:\[.*?\])?==(?P<version>[^\s;\\]+)")


def main() -> int:
    """Do what the command line says; the exit code."""
    if sys.version_info < LEAST_PYTHON:
        least, this = (".".join(map(str, v[:2])) for v in (LEAST_PYTHON, sys.version_info))
        return fail(
            f"Drink Deep needs Python {least} or newer, and this is {this}: "
            f"name another with `make PYTHON=python{least} …`."
        )
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("torch", nargs="?", choices=("cpu", "cuda"), help="which PyTorch")
    parser.add_argument("--folder", type=Path, default=ROOT, help="the course's folder")
    parser.add_argument("--venv", default=".venv", help="the environment's, in it")
    parser.add_argument("--tests", action="store_true", help="what tests need, too")
    options = parser.parse_args()
    folder: Path = options.folder
    environment: Path = folder / options.venv
    stamp = environment / ("ready-to-test" if options.tests else "ready")
    lock = folder / ("requirements/test.lock" if options.tests else "requirements.lock")
    before = record_of(environment)
    chosen: str = options.torch or before
    inputs = [lock, folder / "pyproject.toml"]
    if stamp.is_file() and chosen == before and all(older(i, stamp) for i in inputs):
        return 0

    free = shutil.disk_usage(folder).free / 1e9
    if not environment.is_dir() and free < ROOM[chosen]:
        lighter = ", or take the lighter PyTorch with TORCH=cpu" if chosen == "cuda" else ""
        return fail(
            f"Drink Deep installs {ROOM[chosen]:g} GB, and this disk has {free:.1f} GB left: "
            f"make room, or move the course{lighter}."
        )
    print(
        f"Installing the course's packages into {options.venv} ({size(chosen)}; once)", flush=True
    )
    try:
        install(folder, environment, lock, chosen)
    except subprocess.CalledProcessError as error:
        return fail(
            f"The course was not installed, as pip says above (exit code {error.returncode}): "
            "what was fetched is kept, so the same command goes on from there."
        )
    except LookupError as error:
        return fail(str(error))
    stamp.touch()
    return 0


def record_of(environment: Path) -> str:
    """Return which PyTorch was chosen when something was last installed there."""
    record = environment / "torch"
    return record.read_text(encoding="utf-8") if record.is_file() else "cuda"


def older(one: Path, other: Path) -> bool:
    """Return whether the other was written later, or at the same time."""
    return one.stat().st_mtime <= other.stat().st_mtime


def fail(why: str) -> int:
    """Say in a sentence what is wrong; the exit code."""
    print(why, file=sys.stderr)
    return 1


def size(chosen: str) -> str:
    """Return how much is installed, in words."""
    if sys.platform == "linux":
        return "some 6 GB" if chosen == "cuda" else "some 1.5 GB"
    return "some 1.5 GB"


def install(folder: Path, environment: Path, lock: Path, chosen: str) -> None:
    """Have pip install everything; raise CalledProcessError where it fails."""
    changed = record_of(environment) != chosen
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.is_file():
        venv.create(environment, with_pip=True)
    for stamp in ("ready", "ready-to-test") if changed else ():
        (environment / stamp).unlink(missing_ok=True)
    (environment / "torch").write_text(chosen, encoding="utf-8")
    if chosen == "cpu":
        rest = environment / "without-torch.lock"
        text = lock.read_text(encoding="utf-8")
        left_out = {name for name in versions(text) if name in TORCH or CUDA.fullmatch(name)}
        rest.write_text(without(text, left_out), encoding="utf-8")
        pip(python, "install", "--progress-bar", "on", "--require-hashes", "--requirement", rest)
        install_torch_for_processors(python, environment, versions(text))
        if cuda := sorted(installed(python) & (left_out - set(TORCH))):
            pip(python, "uninstall", "--yes", *cuda)
    else:
        if sys.platform == "linux" and "+cpu" in installed_torch(python):
            pip(python, "uninstall", "--yes", *TORCH)  # its version would do for pip
        pip(python, "install", "--progress-bar", "on", "--require-hashes", "--requirement", lock)
    pip(python, "install", "--no-deps", "--no-build-isolation", "--editable", folder)


def install_torch_for_processors(python: Path, environment: Path, locked: dict[str, str]) -> None:
    """Install torch and torchvision at the locked versions from PyTorch's index for processors."""
    index = os.environ.get("TORCH_INDEX") or CPU_INDEX
    wanted = [f"{name}=={locked[name]}" for name in TORCH]
    source = ("--no-deps", "--only-binary", ":all:", "--index-url", index)
    report = environment / "torch.json"
    report.unlink(missing_ok=True)
    look = ("--dry-run", "--ignore-installed", "--report", report)
    pip(python, "install", *look, *source, *wanted)
    lines = []
    for item in json.loads(report.read_text(encoding="utf-8"))["install"]:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        sha256 = item["download_info"]["archive_info"].get("hashes", {}).get("sha256")
        if not sha256:
            raise LookupError(f"{index} states no hash of {name} {version}: nothing was taken.")
        lines.append(f"{name}=={version} --hash=sha256:{sha256}\n")
    pinned = environment / "torch.lock"
    pinned.write_text("".join(lines), encoding="utf-8")
    options = ("--progress-bar", "on", "--require-hashes", "--requirement", pinned)
    pip(python, "install", *options, *source)


def pip(python: Path, command: str, *words: str | Path) -> None:
    """Run pip, which says what goes wrong; raise CalledProcessError then."""
    variables = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if "--index-url" in words:  # that one alone
        variables["PIP_EXTRA_INDEX_URL"] = ""
    subprocess.run([python, "-m", "pip", command, "--quiet", *words], env=variables, check=True)


def installed_torch(python: Path) -> str:
    """Return the version of the torch that is there; empty if none is."""
    code = "import importlib.metadata as m; print(m.version('torch'))"
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return run.stdout.strip()


def installed(python: Path) -> set[str]:
    """Return the names of the packages that are there."""
    run = subprocess.run(
        [python, "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True
    )
    return {item["name"].lower().replace("_", "-") for item in json.loads(run.stdout)}


def versions(lock: str) -> dict[str, str]:
    """Name and version of each package of a lock."""
    return {entry["name"]: entry["version"] for entry in ENTRY.finditer(lock)}


def without(lock: str, names: set[str]) -> str:
    """Return the lock without the entries of these names."""
    starts = [entry.start() for entry in ENTRY.finditer(lock)]
    blocks = [lock[a:b] for a, b in zip(starts, [*starts[1:], len(lock)], strict=True)]
    kept = [b for b in blocks if (found := ENTRY.match(b)) and found["name"] not in names]
    return "".join(kept)


if __name__ == "__main__":
    sys.exit(main())
