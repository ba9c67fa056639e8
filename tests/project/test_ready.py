"""What installs the course: each file by its hash, and PyTorch without CUDA for whoever asks.

pip itself runs, against two indexes that the test serves; the packages in them are small.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import ready

ROOT = Path(__file__).parents[2]
LOCKED = {"torch": "2.14.1", "torchvision": "0.29.1", "one": "1.0", "triton": "3.0"}
LOCKED |= {"nvidia-nccl-cu13": "2.0", "cuda-toolkit": "13.0"}
# A build backend in the folder itself, so that installing it fetches nothing.
BACKEND = """
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "drinkdeep-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        info = "drinkdeep-0.1.0.dist-info/"
        wheel.writestr("drinkdeep.pth", str(pathlib.Path.cwd()))
        about = "Metadata-Version: 2.1\\nName: drinkdeep\\nVersion: 0.1.0\\n"
        wheel.writestr(info + "METADATA", about)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any")
        wheel.writestr(info + "RECORD", "")
    return name
"""


def wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel that holds one module, and the page of an index that names it; its SHA-256."""
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-py3-none-any.whl"
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{file},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},"
        for file, text in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    with zipfile.ZipFile(path, "w") as packed:
        for file, text in files.items():
            packed.writestr(
                zipfile.ZipInfo(file), text
            )  # of a fixed date: the same bytes each time
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    page = f'<a href="{path.name}#sha256={sha256}">{path.name}</a>'
    (folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{page}</body></html>")
    return sha256


class Course:
    """A course of a few small packages, and the two indexes that have them."""

    def __init__(self, folder: Path, serve: Callable[[Path], str]) -> None:
        self.folder = folder / "course with a space"
        self.all, self.cpu = folder / "all", folder / "cpu"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_RETRIES": "0",
        }
        self.folder.mkdir()
        lock = ["# by uv\n"]
        for name, version in LOCKED.items():
            (self.all / name).mkdir(parents=True)
            sha256 = wheel(self.all / name, name, version)
            marker = " ; sys_platform != 'none'" if name == "triton" else ""
            lock.append(f"{name}=={version}{marker} \\\n    --hash=sha256:{sha256}\n    # via x\n")
            if name in ready.TORCH:
                (self.cpu / name).mkdir(parents=True)
                wheel(self.cpu / name, name, f"{version}+cpu")
        (self.folder / "requirements.lock").write_text("".join(lock))
        (self.folder / "backend.py").write_text(BACKEND)
        (self.folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "drinkdeep"\nversion = "0.1.0"\n'
        )
        self.environment["PIP_INDEX_URL"] = serve(self.all)
        self.environment["TORCH_INDEX"] = serve(self.cpu)

    def ready(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, ROOT / "tools" / "ready.py", *words, "--folder", self.folder],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def installed(self) -> dict[str, str]:
        listed = subprocess.run(
            [self.folder / ".venv" / "bin" / "python", "-m", "pip", "list", "--format=json"],
            env=self.environment,
            capture_output=True,
            check=True,
        )
        found = {item["name"]: item["version"] for item in json.loads(listed.stdout)}
        return {name: version for name, version in found.items() if name in LOCKED}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Path], str]) -> Course:
    """One for all: what is refused comes first, and what is installed last."""
    return Course(tmp_path_factory.mktemp("ready"), serve)


WITHOUT_CUDA = {"torch": "2.14.1+cpu", "torchvision": "0.29.1+cpu", "one": "1.0"}


@pytest.mark.slow
@pytest.mark.parametrize(("index", "name"), [("all", "one"), ("cpu", "torch")])
def test_a_file_of_another_hash_is_not_installed(course: Course, index: str, name: str) -> None:
    (path,) = (getattr(course, index) / name).glob("*.whl")
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("more.py", "")
    run = course.ready("cpu")
    wheel(path.parent, name, path.name.split("-")[1])
    assert run.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in run.stderr
    assert run.stderr.splitlines()[-1].startswith("The course was not installed, as pip says above")
    assert name not in course.installed()
    assert not (course.folder / ".venv" / "ready").exists()


@pytest.mark.slow
def test_a_version_that_the_index_lacks_is_said(course: Course) -> None:
    wheel(course.cpu / "torch", "torch", "2.13.0+cpu")
    run = course.ready("cpu")
    wheel(course.cpu / "torch", "torch", "2.14.1+cpu")
    assert run.returncode == 1
    assert "No matching distribution found for torch==2.14.1" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_either_pytorch_is_installed_and_kept_until_the_other_is_named(course: Course) -> None:
    first = course.ready("cpu")
    assert first.returncode == 0, first.stderr
    assert course.installed() == WITHOUT_CUDA
    stamp = course.folder / ".venv" / "ready"
    assert stamp.is_file()

    written = stamp.stat().st_mtime_ns
    for words in ([], ["cpu"]):
        again = course.ready(*words)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert stamp.stat().st_mtime_ns == written

    stamp.unlink()  # as if a package had changed
    assert course.ready().returncode == 0
    assert course.installed() == WITHOUT_CUDA

    other = course.ready("cuda")
    assert other.returncode == 0, other.stderr
    assert course.installed() == LOCKED
    back = course.ready("cpu")
    assert back.returncode == 0, back.stderr
    assert course.installed() == WITHOUT_CUDA, "CUDA's packages stay on the disk"


@pytest.mark.parametrize(
    ("circumstances", "words", "said"),
    [
        (
            "sys.version_info = (3, 9, 1)",
            "",
            "Drink Deep needs Python 3.11 or newer, and this is 3.9: name another",
        ),
        (
            "shutil.disk_usage = lambda _: type('', (), {'free': 2e9})",
            "",
            "and this disk has 2.0 GB left: make room",
        ),
        (
            "shutil.disk_usage = lambda _: type('', (), {'free': 2e9})",
            "cpu",
            "Drink Deep installs 2.5 GB, and this disk has 2.0 GB left: make room",
        ),
    ],
)
def test_what_a_machine_lacks_is_said_before_anything_is_installed(
    circumstances: str, words: str, said: str, tmp_path: Path
) -> None:
    command = f"sys.argv[1:] = {[*words.split(), '--folder', str(tmp_path)]}"
    code = f"import ready, shutil, sys\n{circumstances}\n{command}\nsys.exit(ready.main())"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert said in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_out_without_cuda_is_what_only_pytorch_asks_for() -> None:
    lock = (ROOT / "requirements" / "test.lock").read_text(encoding="utf-8")
    for_whom: dict[str, set[str]] = {}
    for block in re.split(r"\n(?=[a-z])", lock):
        if entry := ready.ENTRY.match(block):
            via = block.partition("# via")[2].replace("#", " ").split()
            for_whom[entry["name"]] = set(via) - {"-r"}
    cuda = {name for name in for_whom if ready.CUDA.fullmatch(name)}
    assert len(cuda) > 10
    for name, whom in for_whom.items():
        if name in cuda:
            assert whom <= cuda | {"torch"}, name
        elif whom <= cuda:
            pytest.fail(f"{name} is there for CUDA only")
