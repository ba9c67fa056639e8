"""Build the network that trains in the page: book/assets/training/network.wasm of network.c.

    python tools/build_wasm.py [FILE]     where to write it; by default where it is committed

The compiler is Zig's C compiler (clang) from the package index, pinned by tools/compiler.txt. Only
who changes network.c needs it, so it isn't among the course's requirements: the first build puts
it into _build/compiler, which takes some 400 MB. The same source gives the same bytes.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "book" / "assets" / "training" / "network.c"
PINS = ROOT / "tools" / "compiler.txt"
COMPILER = ROOT / "_build" / "compiler"
OPTIONS = [
    "-target",
    "wasm32-freestanding",
    "-mcpu=generic+simd128+bulk_memory",
    "-O3",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-nostdlib",
    "-Wl,--no-entry",
    "-Wl,--strip-all",
]


def compiler() -> Path:
    """Return the folder that holds the compiler, which is fetched if it isn't there."""
    pins = COMPILER / PINS.name
    if not pins.is_file() or pins.read_bytes() != PINS.read_bytes():
        shutil.rmtree(COMPILER, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run(
            [*command, "--require-hashes", "--target", COMPILER, "--requirement", PINS], check=True
        )
        shutil.copyfile(PINS, pins)
    return COMPILER


def build(file: Path) -> None:
    """Compile the network into ``file``. Raises ``CalledProcessError`` if the compiler objects."""
    place = {"PYTHONPATH": str(compiler())}
    subprocess.run(
        # From its own folder, so that no path of this machine can reach the file.
        [sys.executable, "-m", "ziglang", "cc", *OPTIONS, "-o", file.resolve(), SOURCE.name],
        check=True,
        cwd=SOURCE.parent,
        env={**os.environ, **place},
    )
    file.chmod(0o644)  # it is loaded, not run


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, default=SOURCE.with_suffix(".wasm"))
    arguments = parser.parse_args()
    build(arguments.file)
    print(f"{arguments.file}: {arguments.file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
