"""The network that trains in the page computes what PyTorch does, in a real browser."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page
from torch import Tensor, nn

from drinkdeep import mnist, models

ROOT = Path(__file__).parents[2]
TRAINING = ROOT / "book" / "assets" / "training"
EXAMPLES = 60_000
RATE, BATCH = 0.003, 64  # the article's recipe
ROOM = (
    784,
    128,
    64,
    12,
)  # units that there is room for in the page: ten classes and two that stay 0

# A page of its own, which trains with what is given to it.
HARNESS = """async () => {
  const { load } = await import("/training/engine.js");
  const { LAYERS, MOST, SCORES } = await import("/training/shape.js");
  const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  const [train, labels, test] = await Promise.all(
    ["/images.bin", "/labels.bin", "/test.bin"].map(bytes));
  const initial = new Float32Array((await bytes("/parameters.bin")).buffer);
  const networks = { true: await load(true), false: await load(false) };
  const batch = (network, images, from, count) => {
    network.pixels.set(images.subarray(784 * from, 784 * (from + count)));
    network.labels.set(labels.subarray(from, from + count));
  };
  window.start = (plain) => {
    const network = networks[plain];
    network.parameters.set(initial);
    network.velocities.fill(0);
    network.zero_grad();
    return network;
  };
  window.train = (plain, { rate, momentum, steps, size, twice = 0, forget = false }) => {
    const network = start(plain);
    const losses = [];
    for (let step = 0; step < steps; step++) {
      const from = step * size;
      const count = Math.min(size, labels.length - from);
      batch(network, train, from, count);
      if (!forget) network.zero_grad();
      network.forward(count);
      losses.push(network.loss(count, twice));
      network.backward(count);
      network.step(rate, momentum);
    }
    return losses;
  };
  window.gradients = (plain, count, twice) => {
    const network = start(plain);
    batch(network, train, 0, count);
    network.forward(count);
    network.loss(count, twice);
    network.backward(count);
    return Array.from(network.gradients);
  };
  window.answers = (plain) => {
    const network = networks[plain];
    const given = [];
    for (let from = 0; from < test.length / 784; from += MOST) {
      batch(network, test, from, MOST);
      network.forward(MOST);
      for (let n = 0; n < MOST; n++) {
        const scores = network.scores.subarray(SCORES * n, SCORES * n + 10);
        given.push(scores.indexOf(Math.max(...scores)));
      }
    }
    return given;
  };
  return [networks.false.kind, networks.true.kind];
}"""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def batches() -> mnist.Batches:
    """The training set in one order, which both are given."""
    images, labels = mnist.tensors(train=True)
    order = torch.randperm(EXAMPLES, generator=torch.Generator().manual_seed(1))
    shuffled = torch.utils.data.TensorDataset(images[order].flatten(1), labels[order])
    return mnist.Batches(shuffled, BATCH)


def levels(images: Tensor) -> bytes:
    """Grey levels from 0 to 255, as in the files."""
    return ((images + 1) * 127.5).round().to(torch.uint8).numpy().tobytes()


def as_in_the_page(model_tensors: list[Tensor]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Weights and biases in the order of the page: the weights (inputs, room for the units)."""
    parts = []
    for (inputs, room), weight, bias in zip(
        pairwise(ROOM), model_tensors[::2], model_tensors[1::2], strict=True
    ):
        table = np.zeros((inputs + 1, room), np.float32)
        table[:inputs, : len(bias)] = weight.numpy().T
        table[inputs, : len(bias)] = bias.numpy()
        parts.append(table.ravel())
    return np.concatenate(parts)


@pytest.fixture(scope="module")
def page(
    chromium: Browser,
    serve: Callable[[Path], str],
    tmp_path_factory: pytest.TempPathFactory,
    batches: mnist.Batches,
) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("engine")
    shutil.copytree(TRAINING, folder / "training")
    images, labels = batches.dataset.tensors
    (folder / "images.bin").write_bytes(levels(images))
    (folder / "labels.bin").write_bytes(labels.to(torch.uint8).numpy().tobytes())
    (folder / "test.bin").write_bytes(levels(mnist.tensors(train=False)[0]))
    initial = as_in_the_page([p.detach() for p in models.article_model(seed=0).parameters()])
    (folder / "parameters.bin").write_bytes(initial.tobytes())
    (folder / "index.html").write_text("<!doctype html><title>Engine</title>")
    page = chromium.new_page()
    page.goto(serve(folder))
    assert page.evaluate(HARNESS) == ["WebAssembly", "JavaScript"]
    yield page
    page.close()


def losses_in_pytorch(
    model: nn.Module, batches: mnist.Batches, steps: int, *, momentum: float, forget: bool = False
) -> list[float]:
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=momentum)
    criterion, losses = nn.NLLLoss(), []
    for _, (x, y) in zip(range(steps), batches, strict=False):
        if not forget:
            optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.fixture(scope="module", params=[0.0, 0.9], ids=["plain-sgd", "momentum"])
def epoch(
    request: pytest.FixtureRequest, batches: mnist.Batches
) -> tuple[float, list[float], Tensor]:
    """PyTorch's epoch: the momentum, its losses, and its answers to the test set then."""
    model = models.article_model(seed=0)
    losses = losses_in_pytorch(model, batches, len(batches), momentum=request.param)
    with torch.inference_mode():
        answers = model(mnist.tensors(train=False)[0].flatten(1)).argmax(dim=1)
    return request.param, losses, answers


@pytest.mark.parametrize("plain", [False, True], ids=["wasm", "javascript"])
def test_an_epoch_goes_as_in_pytorch(
    page: Page, epoch: tuple[float, list[float], Tensor], plain: bool
) -> None:
    """The loss of the first 200 steps, and after an epoch the answers to the test set."""
    momentum, wanted, answers = epoch
    settings = {"rate": RATE, "momentum": momentum, "steps": len(wanted), "size": BATCH}
    losses = page.evaluate("([plain, settings]) => train(plain, settings)", [plain, settings])
    assert losses[:200] == pytest.approx(wanted[:200], abs=1e-4)
    assert losses[-1] < losses[0] / 1.3
    given = torch.tensor(page.evaluate("(plain) => answers(plain)", plain))
    assert (given != answers).sum() <= 5


@pytest.mark.parametrize("plain", [False, True], ids=["wasm", "javascript"])
@pytest.mark.parametrize("count", [1, 64, 1000])
@pytest.mark.parametrize("twice", [False, True], ids=["softmax-once", "softmax-twice"])
def test_the_gradients_are_those_of_pytorch(
    page: Page, batches: mnist.Batches, plain: bool, count: int, twice: bool
) -> None:
    model = models.logits_model(seed=0)
    x, y = (tensor[:count] for tensor in batches.dataset.tensors)
    scores = model(x)
    nn.CrossEntropyLoss()(scores.softmax(dim=1) if twice else scores, y).backward()
    given = np.array(
        page.evaluate(
            "([plain, count, twice]) => gradients(plain, count, twice)", [plain, count, twice]
        ),
        np.float32,
    )
    at = 0
    for parameter, (inputs, room) in zip(
        list(model.parameters())[::2], pairwise(ROOM), strict=True
    ):
        part = given[at : at + inputs * room].reshape(inputs, room)[:, : len(parameter)].T
        error = np.linalg.norm(part - parameter.grad.numpy())
        assert error <= 1e-5 * np.linalg.norm(parameter.grad.numpy())
        at += (inputs + 1) * room
    wanted = as_in_the_page([p.grad for p in model.parameters()])
    assert given.shape == wanted.shape
    assert np.linalg.norm(given - wanted) <= 1e-5 * np.linalg.norm(wanted)


@pytest.mark.parametrize("plain", [False, True], ids=["wasm", "javascript"])
def test_gradients_add_up_as_in_pytorch(page: Page, batches: mnist.Batches, plain: bool) -> None:
    """Without zero_grad(), as in the chapter's loop that is broken."""
    model = models.article_model(seed=0)
    wanted = losses_in_pytorch(model, batches, 100, momentum=0, forget=True)
    settings = {"rate": RATE, "momentum": 0, "steps": 100, "size": BATCH, "forget": True}
    losses = page.evaluate("([plain, settings]) => train(plain, settings)", [plain, settings])
    assert losses == pytest.approx(wanted, abs=1e-4)


def test_what_begins_is_what_pytorch_begins_with(page: Page) -> None:
    """Uniform between ±1/√inputs, and zero in the units that are only there for the room."""
    numbers = page.evaluate(
        """async () => {
          const { initialize, load } = await import("/training/engine.js");
          const { generator } = await import("/training/random.js");
          const network = await load();
          initialize(network, generator(5));
          return Array.from(network.parameters);
        }"""
    )
    at = 0
    for (inputs, room), units in zip(pairwise(ROOM), (128, 64, 10), strict=True):
        table = np.array(numbers[at : at + (inputs + 1) * room]).reshape(inputs + 1, room)
        assert not table[:, units:].any()
        bound = inputs**-0.5
        assert 0.99 * bound < abs(table[:, :units]).max() <= bound
        assert abs(table[:, :units].mean()) < 0.05 * bound
        assert table[:, :units].std() == pytest.approx(bound / 3**0.5, rel=0.05)
        at += (inputs + 1) * room


def test_the_built_file_is_what_the_source_makes(tmp_path: Path) -> None:
    """Byte for byte, with the compiler that is pinned; it comes from the package index."""
    file = tmp_path / "network.wasm"
    build = subprocess.run(
        [sys.executable, ROOT / "tools" / "build_wasm.py", file],
        capture_output=True,
        text=True,
        check=False,
    )
    if "pip" in build.stderr and "ziglang" in build.stderr and not file.exists():
        reason = f"The compiler could not be fetched: {build.stderr.strip().splitlines()[-1]}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    assert build.returncode == 0, build.stderr
    assert file.read_bytes() == (TRAINING / "network.wasm").read_bytes()
