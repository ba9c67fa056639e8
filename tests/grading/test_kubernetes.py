"""What the book gives for Kubernetes: valid by its schemas, and of programs that exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from pages import block

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "book" / "cluster.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
# The oldest that its makers still look after, and the newest of which there are schemas.
VERSIONS = ("1.34", "1.37")


PARTS: list[dict[str, Any]] = list(
    yaml.safe_load_all(block("cluster.md", "yaml", "kind: Deployment"))
)
PODS = [part["spec"]["template"]["spec"] for part in PARTS if part["kind"] == "Deployment"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "part", PARTS, ids=lambda part: f"{part['kind']}-{part['metadata']['name']}"
)
def test_each_part_is_valid(part: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(part, version, strict=True)


def test_an_invalid_part_would_be_noticed() -> None:
    wrong = {**PARTS[0], "spec": {**PARTS[0]["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("pod", PODS, ids=lambda pod: pod["containers"][0]["name"])
def test_what_a_pod_starts_exists(pod: dict[str, Any]) -> None:
    """In the versions that the course pins; each option is one of the program's."""
    (container,) = pod["containers"]
    program, verb, *words = container["command"]
    run = subprocess.run(
        [BIN / program, verb, "--help"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    for word in words:
        if word.startswith("--"):
            positive = word.replace("--no-", "--")
            assert word in run.stdout or positive in run.stdout, word


def test_the_parts_are_made_for_one_another() -> None:
    """A selector finds its pods, and the workers the scheduler's name and port."""
    labels = {}
    for part in PARTS:
        if part["kind"] == "Deployment":
            made = part["spec"]["template"]["metadata"]["labels"]
            assert part["spec"]["selector"]["matchLabels"] == made
            labels[part["metadata"]["name"]] = made
    service = next(part for part in PARTS if part["kind"] == "Service")
    policy = next(part for part in PARTS if part["kind"] == "NetworkPolicy")
    assert service["spec"]["selector"] == labels["scheduler"]
    assert policy["spec"]["podSelector"]["matchLabels"] == labels["scheduler"]
    (port,) = service["spec"]["ports"]
    address = f"tcp://{service['metadata']['name']}:{port['port']}"
    worker = next(pod for pod in PODS if pod["containers"][0]["name"] == "worker")
    assert address in worker["containers"][0]["command"]
    assert f"--scheduler {address}" in PAGE
    images = {pod["containers"][0]["image"] for pod in PODS}
    assert len(images) == 1
    assert f"docker build --tag {images.pop()}" in PAGE


def test_the_image_is_made_of_what_there_is() -> None:
    recipe = block("cluster.md", "dockerfile", "FROM python")
    folder = re.search(r"WORKDIR (\S+)", recipe)
    assert folder
    assert f"ENV PATH={folder[1]}/.venv/bin:$PATH" in recipe
    (command,) = re.findall(r"(?m)^RUN (make .*)$", recipe)
    run = subprocess.run(
        [*shlex.split(command), "--dry-run", "--always-make"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "tools/ready.py" in run.stdout, "what installs the packages"
    python = re.search(r"FROM python:([\d.]+)-", recipe)
    assert python
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={python[1]}"' in project
