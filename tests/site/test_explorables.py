"""The interactive figures: in a browser they compute, draw and say what Python does.

Most tests need no built book. They serve a gallery: the site's own assets, and a page for each
figure with data of its own.
"""

import itertools
import json
import math
import random
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from browsing import ALIVE, COLOURS, PAGE, violations, watch
from playwright.sync_api import Browser, Locator, Page, Route, expect
from torch import Tensor, nn

from drinkdeep import mnist, models
from drinkdeep.explore import Choice, Explorable, Slider, Toggle, explore
from drinkdeep.figures import autograd, cost, data, descent, experiments, graph, losses, network
from drinkdeep.figures import training_run as run_figures
from drinkdeep.figures.picture import written
from drinkdeep.palette import TONES
from drinkdeep.recipes import Run
from drinkdeep.training import Evaluation, History

ROOT = Path(__file__).parents[2]

# The figures, with the controls of their chapters and data that are quick to make.


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def stroke() -> tuple[Tensor, Tensor, Tensor]:
    """Ink, rows and columns of the first 7 of the test set, as in chapter 1."""
    ink = (mnist.tensors(train=False)[0][0, 0].double() + 1) / 2
    width, places = ink.sum(dim=1), torch.arange(28, dtype=torch.double)
    inked = width > 0
    return ink, places[inked] - places[inked].mean(), (ink @ places / width)[inked]


BOWL = descent.Bowl(
    torch.tensor([[1.1, 1.35], [1.35, 2.4]], dtype=torch.float64),
    torch.tensor([0.55, 0.3], dtype=torch.float64),
)
START = torch.tensor([-0.5, 1.0], dtype=torch.float64)


def a_graph() -> tuple[Tensor, dict[str, Tensor]]:
    """A graph of numbers that is no tree, with two leaves."""
    w = torch.tensor(1.5, requires_grad=True)
    b = torch.tensor(-0.75, requires_grad=True)
    p = w * b
    loss = (p + w).tanh() * p + w**2
    return loss, {"w": w, "b": b, "ℓ": loss}


def some_digits() -> tuple[Tensor, Tensor, Tensor]:
    images, labels = mnist.tensors(train=False)
    logits = 20 * models.logits_model(seed=0)(images[:50].flatten(1)).detach()
    return images[:50], logits.softmax(dim=1), labels[:50]


def two_opinions() -> tuple[Tensor, dict[str, Tensor], Tensor]:
    """Of a network that hardly prefers an answer, and of one with eight times its scores."""
    images, labels = mnist.tensors(train=False)
    logits = 8 * models.logits_model(seed=0)(images[:50].flatten(1)).detach()
    both = {"A": logits.softmax(dim=1), "B": (8 * logits).softmax(dim=1)}
    return images[:50], both, labels[:50]


def a_run() -> run_figures.Run:
    images, labels = mnist.tensors(train=False)
    states = [models.article_model(seed).state_dict() for seed in (0, 1, 2)]
    standing = [Evaluation(2.3, 0.1), Evaluation(0.915, 0.2), Evaluation(0.375, 0.3)]
    return run_figures.Run(states, standing, images[:500], labels[:500])


def some_runs() -> dict[str, list[Run]]:
    """Recipes of two seeds, the first below the second, the third over both; one of one seed."""
    random_ = random.Random(0)
    return {
        name: [
            Run(
                seed,
                History(
                    "",
                    [2 / epoch + random_.random() / 20 for epoch in range(1, 13)],
                    [end + 2 / epoch for epoch in range(1, 13)],
                    [0.9 - end / 10 - 0.5 / epoch**2 for epoch in range(1, 13)],
                ),
                nn.Identity(),
            )
            for seed, end in enumerate(ends)
        ]
        for name, ends in {
            "shifts": (0.1, 0.2),
            "nothing": (0.5, 0.6),
            "both": (0.15, 0.55),
            "once": (0.3,),
        }.items()
    }


def some_logits() -> tuple[Tensor, Tensor]:
    """Of a network that is surer than it is right."""
    labels = torch.randint(10, (400,), generator=generator())
    logits = torch.randn(400, 10, generator=generator())
    logits[range(400), labels] += 2
    return 3 * logits, labels


EXAMPLES: dict[str, Callable[[], Explorable]] = {
    "confidence": lambda: explore(
        partial(
            network.confidence,
            torch.randn(100, 10, generator=generator()) / 5,
            torch.randint(10, (100,), generator=generator()),
        ),
        scale=Slider("scores multiplied by", 0.0, 40.0, 1.0, value=20.0),
    ),
    "line_landscape": lambda: explore(
        partial(cost.line_landscape, *stroke()),
        slope=Slider("slope w", -1.2, 0.6, 0.05, value=0.2),
        intercept=Slider("intercept b", 10.0, 20.0, 0.25, value=12.5),
        loss=Choice("loss", ("squared", "absolute", "Huber"), "squared"),
    ),
    "opinions": lambda: explore(
        partial(cost.opinions, *two_opinions()),
        number=Slider("test digit", 0, 49, 1, value=8),
    ),
    "first_step": lambda: explore(
        partial(
            descent.first_step,
            2.308,
            torch.tensor([2.307, 2.305, 2.29, 2.2, 2.31, 3.1]),
            torch.tensor([0.06, 0.06, 0.1, 0.25, 0.12, 0.11]),
        ),
        doublings=Slider("0.003, doubled so many times", 0, 5, 1, value=0),
    ),
    "saddle": lambda: explore(
        descent.saddle,
        rate=Slider("learning rate α", 0.01, 0.6, 0.01, value=0.1),
        w1=Slider("start w₁", -2.0, 2.0, 0.1, value=1.0),
        w2=Slider("start w₂", -2.0, 2.0, 0.1, value=-1.0),
    ),
    "parabola": lambda: explore(
        partial(descent.parabola, curvature=4.0, minimum=1.0, lowest=1.0),
        rate=Slider("learning rate α", 0.01, 0.62, 0.01, value=0.45),
        start=Slider("start w₀", -2.5, 4.5, 0.1, value=3.8),
    ),
    "valley": lambda: explore(
        partial(descent.valley, bowl=BOWL),
        rate=Slider("learning rate α", 0.02, 0.8, 0.02, value=0.56),
        momentum=Slider("momentum μ", 0.0, 0.95, 0.05, value=0.0),
        w1=Slider("start w₁", -1.2, 2.2, 0.1, value=-0.5),
        w2=Slider("start w₂", -1.2, 1.8, 0.1, value=1.0),
    ),
    "two_layer_steps": lambda: explore(
        graph.two_layer_steps,
        step=Slider("step", 0, 7, 1, value=7),
        W1=Slider("weight W₁", -3.0, 3.0, 0.1, value=0.6),
        W2=Slider("weight W₂", -3.0, 3.0, 0.1, value=-1.5),
    ),
    "scores_to_loss": lambda: explore(
        losses.scores_to_loss,
        cat=Slider("score of cat (right)", -10.0, 10.0, 0.5, value=-1.0),
        dog=Slider("score of dog", -10.0, 10.0, 0.5, value=2.0),
        bird=Slider("score of bird", -10.0, 10.0, 0.5, value=0.5),
        factor=Slider("all scores times", 1.0, 50.0, 1.0, value=1.0),
    ),
    "replay": lambda: explore(
        autograd.replay(*a_graph()),
        step=Slider("turns taken", 0, 16, 1, value=8),
        zero=Toggle("clear the gradients between the two passes", value=False),
    ),
    "file_order": lambda: explore(
        partial(data.file_order, *(tensor[:48] for tensor in mnist.tensors(train=True))),
        start=Slider("first position", 0, 32, 16, value=0),
    ),
    "prediction": lambda: explore(
        partial(run_figures.prediction, *some_digits()),
        number=Slider("test digit", 0, 49, 1, value=8),
    ),
    "at_epoch": lambda: explore(a_run().at_epoch, epoch=Slider("epoch", 0, 2, 1, value=2)),
    "compare": lambda: explore(
        partial(experiments.compare, some_runs()),
        first=Choice("first recipe", list(some_runs()), value="shifts"),
        second=Choice("second recipe", list(some_runs()), value="nothing"),
        show=Choice("quantity", list(experiments.MEASURES), value="validation error"),
    ),
    "reliability": lambda: explore(
        partial(experiments.reliability, *some_logits()),
        temperature=Slider("temperature T", 0.5, 4.0, 0.1, value=1.0),
    ),
}

ALL = "all"
"""The name of the page that holds every figure."""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As in the chapters: small tensors are fastest so, by far if other tests run beside these."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def figures() -> dict[str, Explorable]:
    return {name: example() for name, example in EXAMPLES.items()}


@pytest.fixture(scope="module")
def gallery(
    figures: dict[str, Explorable],
    serve: Callable[[Path], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Where a page for each figure, and one for all, is served, beside the assets of the site."""
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "_static").symlink_to(ROOT / "book" / "assets")
    parts = {name: figure.page(figure.still().html()) for name, figure in figures.items()}
    for name, part in (parts | {ALL: "".join(parts.values())}).items():
        page = PAGE.format(name=name, figure=part)
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return serve(folder)


@pytest.fixture(scope="module")
def tab(chromium: Browser, gallery: str) -> Iterator[Page]:
    """A browser's tab at the gallery; nothing may go wrong in it."""
    context = chromium.new_context(viewport={"width": 1000, "height": 900})
    page = context.new_page()
    faults = watch(page, gallery)
    yield page
    assert not faults
    context.close()


def visit(tab: Page, gallery: str, name: str) -> None:
    tab.goto(f"{gallery}/{name}.html")
    tab.wait_for_function(ALIVE)


def called(tab: Page, gallery: str, module: str, expression: str, argument: Any = None) -> Any:
    """The value of a JavaScript expression of ``m``, the module, and ``a``, the argument."""
    if not tab.url.startswith(gallery):
        visit(tab, gallery, "parabola")
    load = f"const m = await import('/_static/figures/{module}.js')"
    return tab.evaluate(f"async (a) => {{ {load}; return {expression}; }}", argument)


def model_of(figure: Explorable) -> dict[str, Any]:
    """What the page's script gets."""
    (found,) = re.findall(
        r'<script type="application/json">(.*?)</script>', figure.page("<figure ></figure>")
    )
    return json.loads(found)


# Numbers and their texts.


def test_numbers_are_written_as_python_writes_them(tab: Page, gallery: str) -> None:
    source = random.Random(0)
    values = [0.0, 1e-5, 1e-4, 99.995, 123456.5, 1e6]
    values += [source.uniform(-1, 1) * 10 ** source.randint(-7, 8) for _ in range(300)]
    # Many of these lie exactly between two numbers of fewer digits.
    values += [k / 2 ** source.randint(0, 6) for k in range(-40, 40)]
    for kind, name in (("f", "fixed"), ("g", "general")):
        for digits in (1, 2, 3, 4, 6, 9):
            code = f"a.map((value) => m.{name}(value, {digits}))"
            wanted = [f"{value:.{digits}{kind}}" for value in values]
            assert called(tab, gallery, "parts", code, values) == wanted
        if kind == "g":
            code = f"a.map((value) => m.written(value, {digits}))"
            assert called(tab, gallery, "parts", code, values) == [
                written(v, digits) for v in values
            ]
    code = "[NaN, Infinity, -Infinity].map((value) => m.general(value))"
    assert called(tab, gallery, "parts", code) == ["nan", "inf", "-inf"]


def settings(figure: Explorable, count: int) -> list[dict[str, Any]]:
    """All settings of the controls if they are few, else the corners and a sample of the rest."""
    ranges = {}
    for name, control in figure.controls.items():
        match control:
            case Slider():
                values = control.values()
                ranges[name] = [int(v) for v in values] if control.whole else values
            case Choice():
                ranges[name] = list(control.options)
            case Toggle():
                ranges[name] = [False, True]
    total = math.prod(map(len, ranges.values()))
    if total <= count:
        chosen = list(itertools.product(*ranges.values()))
    else:
        source = random.Random(0)
        chosen = list(itertools.product(*([v[0], v[-1]] for v in ranges.values())))
        chosen += [tuple(map(source.choice, ranges.values())) for _ in range(count)]
    return [dict(zip(ranges, values, strict=True)) for values in chosen]


# Brings every control to a value as a hand would, and reads what the figure says.
DRIVE = """async (settings) => {
  const [figure] = document.querySelectorAll("figure[data-explore]");
  const inputs = [...figure.querySelectorAll("input, select")];
  const told = [];
  for (const values of settings) {
    Object.values(values).forEach((value, i) => {
      const input = inputs[i];
      if (input.type === "checkbox") input.checked = value; else input.value = value;
      for (const type of ["input", "change"]) input.dispatchEvent(new Event(type));
    });
    await new Promise(requestAnimationFrame);
    told.push([
      figure.querySelector("[role=img]").getAttribute("aria-label"),
      figure.querySelector(".dd-reading").textContent,
    ]);
  }
  return told;
}"""


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_figure_says_what_python_says(
    tab: Page, gallery: str, figures: dict[str, Explorable], name: str
) -> None:
    visit(tab, gallery, name)
    figure = figures[name]
    tried = settings(figure, 12)
    for values, told in zip(tried, tab.evaluate(DRIVE, tried), strict=True):
        picture = figure.draw(**values)
        assert told == [picture.alt, picture.caption], values


# What the figures compute.


def test_the_two_layer_graph_has_the_numbers_of_python(tab: Page, gallery: str) -> None:
    for W1, W2 in [(0.6, -1.5), (3.0, 0.0), (-2.9, 2.2), (-3.0, 3.0)]:
        python = graph.TwoLayer(x=2.0, W1=W1, b1=-0.3, W2=W2, b2=0.4, y=0.5)
        found = called(tab, gallery, "two_layer_steps", "m.numbers(a)", vars(python))
        assert {name: found[name] for name in python.numbers()} == pytest.approx(
            python.numbers(), rel=1e-12
        )


@pytest.mark.parametrize(("rate", "start"), [(0.45, 3.8), (0.25, -2.5), (0.6, 1.1), (0.5, 4.5)])
def test_descent_on_the_parabola_goes_where_torch_goes(
    tab: Page, gallery: str, rate: float, start: float
) -> None:
    w = torch.tensor(start, dtype=torch.double, requires_grad=True)
    optimizer, weights = torch.optim.SGD([w], lr=rate), [start]
    for _ in range(12):
        optimizer.zero_grad()
        (1 + 2 * (w - 1) ** 2).backward()
        optimizer.step()
        weights.append(w.item())
    data = [{"rate": rate, "start": start}, {"curvature": 4, "minimum": 1}]
    found = called(tab, gallery, "parabola", "m.descend(...a)", data)
    assert found["weights"] == pytest.approx(weights, rel=1e-9)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("rate", [0.02, 0.56, 0.8])
def test_descent_in_the_valley_goes_where_torch_goes(
    tab: Page, gallery: str, figures: dict[str, Explorable], rate: float, momentum: float
) -> None:
    w = START.clone().requires_grad_()
    optimizer, path = torch.optim.SGD([w], lr=rate, momentum=momentum), [START.tolist()]
    for _ in range(40):
        optimizer.zero_grad()
        (0.5 * (w - BOWL.minimum) @ BOWL.hessian @ (w - BOWL.minimum)).backward()
        optimizer.step()
        path.append(w.tolist())
    values = {"rate": rate, "momentum": momentum, "w1": START[0].item(), "w2": START[1].item()}
    data = [values, model_of(figures["valley"])]
    found = torch.tensor(called(tab, gallery, "valley", "m.descend(...a)", data))
    torch.testing.assert_close(found, torch.tensor(path), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("rate", "w1", "w2"),
    [(0.1, 1.0, -1.0), (0.1, 1.0, -0.9), (0.45, 2.0, 0.7), (0.6, 1.5, 1.5), (0.6, -2.0, 2.0)],
)
def test_descent_over_the_saddle_goes_where_torch_goes(
    tab: Page, gallery: str, rate: float, w1: float, w2: float
) -> None:
    w = torch.tensor([w1, w2], dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=rate)
    found = torch.tensor(
        called(tab, gallery, "saddle", "m.descend(a)", {"rate": rate, "w1": w1, "w2": w2})
    )
    for place in found:
        torch.testing.assert_close(w.detach(), place.double(), rtol=1e-6, atol=1e-9)
        optimizer.zero_grad()
        (w.prod() - 1).square().backward()
        optimizer.step()
    stopped = w.detach().abs().max() > 1000  # where it flies apart, the figure ends
    assert len(found) == 61 or stopped


def test_the_end_of_a_descent_over_the_saddle_is_told_from_where_it_is() -> None:
    told = {
        (0.1, 1.0, -1.0): "rests on the saddle",
        (0.1, 1.0, -0.9): "on the floor of a valley, at (1.02, 0.977). There λₘₐₓ = 4",
        (0.4, 2.0, -0.5): "fly apart",
        (0.45, 2.0, 0.7): "on the floor of a valley, at (−0.856, −1.17). There λₘₐₓ = 4.2",
        (0.01, 2.0, -0.5): "still on its way",
    }
    for (rate, w1, w2), words in told.items():
        assert words in descent.saddle(rate, w1, w2).caption
        w = torch.tensor(descent.two_weights(rate, w1, w2)[-1])
        if "floor" in words:
            hessian = torch.autograd.functional.hessian(lambda w: (w.prod() - 1) ** 2, w)
            assert torch.linalg.eigvalsh(hessian).tolist() == pytest.approx(
                [0, 2 * w.square().sum().item()], abs=0.01
            )


def test_softmax_and_its_gradient_are_torchs_and_overflow_as_float32_does(
    tab: Page, gallery: str
) -> None:
    source = random.Random(0)
    cases = [
        {name: source.randrange(-20, 21) / 2 for name in ("cat", "dog", "bird")}
        | {"factor": factor}
        for factor in (1, 1, 1, 3, 5, 8, 9, 10, 20, 50)
        for _ in range(20)
    ]
    for case, found in zip(
        cases,
        called(
            tab,
            gallery,
            "scores_to_loss",
            "a.map(m.compute).map((c) => ({ ...c, naive: String(c.naive) }))",
            cases,
        ),
        strict=True,
    ):
        z = torch.tensor([case[name] for name in ("cat", "dog", "bird")]) * case["factor"]
        z.requires_grad_()
        loss = nn.functional.cross_entropy(z, torch.tensor(0))
        (gradient,) = torch.autograd.grad(loss, z)
        close = partial(torch.testing.assert_close, rtol=1e-6, atol=1e-7)
        close(torch.tensor(found["p"], dtype=torch.float), z.detach().softmax(dim=0))
        close(torch.tensor(found["gradient"], dtype=torch.float), gradient)
        close(torch.tensor(found["loss"], dtype=torch.float), loss.detach())
        naive = -torch.log(z.detach().exp()[0] / z.detach().exp().sum())
        told = torch.tensor(float(found["naive"].replace("Infinity", "inf")))
        # Near its smallest numbers float32 has few digits left, and log makes 1/50 of them.
        close(told, naive, rtol=1e-6 if naive < 87 else 2e-2, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("loss", ["squared", "absolute", "Huber"])
def test_the_landscape_is_that_of_torchs_loss(
    tab: Page, gallery: str, figures: dict[str, Explorable], loss: str
) -> None:
    _, x, y = stroke()
    w = torch.linspace(-1.2, 0.6, 181, dtype=torch.double)
    b = torch.linspace(10, 20, 201, dtype=torch.double)
    lines = w[None, :, None] * x + b[:, None, None]
    costs = cost.LOSSES[loss](lines, y.expand_as(lines), reduction="none").mean(dim=2)
    data = [loss, {name: model_of(figures["line_landscape"])[name] for name in ("x", "y")}]
    found = called(tab, gallery, "line_landscape", "m.landscape(...a)", data)
    row, column = divmod(int(costs.argmin()), len(w))
    assert found["best"] == pytest.approx([w[column].item(), b[row].item()])
    assert [found["lowest"], found["highest"]] == pytest.approx(
        [costs.min().item(), costs.max().item()]
    )
    places = [[w[i].item(), b[j].item(), *data] for i, j in ((0, 0), (50, 7), (180, 200))]
    heights = called(tab, gallery, "line_landscape", "a.map((place) => m.cost(...place))", places)
    assert heights == pytest.approx([costs[j, i].item() for i, j in ((0, 0), (50, 7), (180, 200))])
    # A contour is where the cost is what is written beside it.
    level = (costs.min() + costs.max()).item() / 4
    way = called(
        tab,
        gallery,
        "line_landscape",
        "m.ring(a[0], a[1], a[2], a[3])",
        [level, loss, found["best"], data[1]],
    )
    slopes, intercepts = torch.tensor(way, dtype=torch.double).T
    lines = slopes[:, None] * x + intercepts[:, None]
    heights = cost.LOSSES[loss](lines, y.expand_as(lines), reduction="none").mean(dim=1)
    torch.testing.assert_close(heights, torch.full_like(heights, level), rtol=5e-3, atol=0)


def test_the_replayed_gradients_are_those_of_two_backward_passes(
    tab: Page, gallery: str, figures: dict[str, Explorable]
) -> None:
    loss, named = a_graph()
    leaves = {"w": named["w"], "b": named["b"]}
    once = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
    model = model_of(figures["replay"])
    places = {node["leaf"]: i for i, node in enumerate(model["nodes"]) if "leaf" in node}
    for step, zero, times in [(8, False, 1), (16, False, 2), (16, True, 1)]:
        values = [{"step": step, "zero": zero}, model, places]
        found = called(
            tab,
            gallery,
            "replay",
            "Object.entries(a[2]).map(([leaf, i]) => [leaf, m.moment(a[0], a[1]).grad(i)])",
            values,
        )
        wanted = {name: times * gradient.item() for name, gradient in once.items()}
        assert dict(found) == pytest.approx(wanted, rel=1e-6)
    start = called(tab, gallery, "replay", "m.moment({ step: 0, zero: false }, a).grad(0)", model)
    assert start is None


def test_the_digits_and_answers_are_the_networks(
    tab: Page, gallery: str, figures: dict[str, Explorable]
) -> None:
    images, probabilities, labels = some_digits()
    model = model_of(figures["prediction"])
    pixels = called(tab, gallery, "parts", "[...m.unpack(a)]", model["images"])
    grey = torch.tensor(pixels).reshape(50, 1, 28, 28) / 255
    torch.testing.assert_close(grey, (images + 1) / 2)
    answers = called(tab, gallery, "prediction", "a.map(m.answerOf)", model["probabilities"])
    assert answers == probabilities.argmax(dim=1).tolist()
    torch.testing.assert_close(torch.tensor(model["probabilities"]), probabilities, rtol=0, atol=0)
    assert model["labels"] == labels.tolist()


def test_confidence_is_torchs_softmax_and_mean_loss(
    tab: Page, gallery: str, figures: dict[str, Explorable]
) -> None:
    model = model_of(figures["confidence"])
    scores = torch.tensor(model["scores"])
    for scale in (0.0, 1.0, 20.0, 40.0):
        found = called(tab, gallery, "confidence", "m.softmax(a)", (scores * scale).tolist())
        torch.testing.assert_close(torch.tensor(found), (scores * scale).softmax(dim=0))
    logits, labels = figures["confidence"].draw.args
    wanted = [nn.functional.cross_entropy(logits * scale, labels).item() for scale in range(41)]
    assert model["losses"] == pytest.approx(wanted, rel=1e-6)


def test_the_bands_are_mean_and_range_of_the_seeds(
    tab: Page, gallery: str, figures: dict[str, Explorable]
) -> None:
    curves = model_of(figures["compare"])["measures"]["validation loss"]["curves"]["shifts"]
    wanted = torch.tensor([run.history.validation_losses for run in some_runs()["shifts"]])
    torch.testing.assert_close(torch.tensor(curves), wanted, rtol=1e-7, atol=0)
    found = called(tab, gallery, "compare", "m.summary(a)", curves)
    for key, values in (
        ("mean", wanted.mean(0)),
        ("low", wanted.amin(0)),
        ("high", wanted.amax(0)),
    ):
        torch.testing.assert_close(torch.tensor([point[key] for point in found]), values)


def test_the_reliability_is_that_of_the_probabilities(figures: dict[str, Explorable]) -> None:
    logits, labels = some_logits()
    moment = model_of(figures["reliability"])["moments"][15]  # temperature 2
    share, confidence, accuracy = experiments.calibration_bins((logits / 2).softmax(dim=1), labels)
    kept = share > 0
    assert moment["share"] == pytest.approx(share.tolist())
    found = torch.tensor(moment["dots"], dtype=torch.double)
    torch.testing.assert_close(found[:, 0], confidence[kept])
    torch.testing.assert_close(found[:, 1], accuracy[kept])
    assert (found[:, 2] <= found[:, 1]).all()
    assert (found[:, 1] <= found[:, 3]).all()


def test_the_changes_of_weights_are_painted_as_they_are_in_either_theme(
    tab: Page, gallery: str
) -> None:
    visit(tab, gallery, "at_epoch")
    tab.get_by_role("slider").press("End")  # it begins at the first epoch
    states = [models.article_model(seed).state_dict()["0.weight"] for seed in (0, 2)]
    change = states[1] - states[0]
    units = change[change.norm(dim=1).topk(16).indices]
    strength = (units / units.abs().quantile(0.995)).clamp(-1, 1).reshape(4, 4, 28, 28)
    for theme in ("light", "dark"):
        tab.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        tab.evaluate("() => new Promise(requestAnimationFrame)")
        painted = tab.evaluate("""() => {
          const canvas = document.querySelector(".dd-tile canvas");
          const side = canvas.width;
          const data = canvas.getContext("2d").getImageData(0, 0, side, side).data;
          return [side, [...data]];
        }""")
        pixels = torch.tensor(painted[1]).reshape(painted[0], painted[0], 4)
        tile = pixels[31 : 31 + 28, 62 : 62 + 28]  # second row, third column
        wanted = strength[1, 2]
        torch.testing.assert_close(
            tile[..., 3] / 255, wanted.abs(), rtol=0, atol=0.6 / run_figures.LEVELS
        )
        strong = wanted.abs() > 0.5
        blue, orange = (
            torch.tensor([int(getattr(TONES[name], theme)[i : i + 2], 16) for i in (1, 3, 5)])
            for name in ("blue", "orange")
        )
        # A canvas keeps colours multiplied by their opacity, so they come back a little off.
        for sign, colour in ((wanted > 0, blue), (wanted < 0, orange)):
            assert (tile[strong & sign][:, :3] - colour).abs().max() <= 2


# How the figures answer.


def test_each_slider_answers_to_the_keyboard_and_what_it_led_to_is_told_at_rest(
    tab: Page, gallery: str
) -> None:
    visit(tab, gallery, "parabola")
    told = tab.get_by_role("status")
    before = told.text_content()
    tab.get_by_role("slider", name="learning rate α").focus()
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    tab.wait_for_function(
        "document.querySelector('.dd-reading').textContent.startsWith('α = 0.5:')"
    )
    assert told.text_content() == before, "a screen reader would be told of every step"
    tab.wait_for_function(
        "document.querySelector('[role=status]').textContent.startsWith('α = 0.5:')"
    )
    assert tab.locator(".dd-value").first.text_content() == "0.50"


def test_a_count_has_buttons_that_stop_at_its_ends(tab: Page, gallery: str) -> None:
    visit(tab, gallery, "two_layer_steps")
    slider = tab.get_by_role("slider", name="step")
    assert slider.input_value() == "0", "the reader begins at the beginning"
    for wanted in ("1", "2"):
        tab.get_by_role("button", name="step: one on").press("Enter")
        assert slider.input_value() == wanted
    for _ in range(4):
        tab.get_by_role("button", name="step: one back").click()
    assert slider.input_value() == "0"


def test_a_run_of_steps_is_played_and_paused(tab: Page, gallery: str) -> None:
    visit(tab, gallery, "at_epoch")
    slider = tab.get_by_role("slider", name="epoch")
    tab.get_by_role("button", name="epoch: play").click()
    assert slider.input_value() == "1", "it answers at once"
    tab.get_by_role("button", name="epoch: pause").click()
    slider.press("End")
    tab.get_by_role("button", name="epoch: play").click()
    assert slider.input_value() == "0", "from the end it begins anew"
    # Nothing is pressed any more: it goes to the end, and stops there.
    tab.wait_for_function("document.querySelector('input[type=range]').value === '2'")
    expect(tab.get_by_role("button", name="epoch: play")).to_be_visible()


def test_choices_and_switches_answer_to_the_keyboard(tab: Page, gallery: str) -> None:
    visit(tab, gallery, "line_landscape")
    tab.get_by_role("combobox", name="loss").focus()
    tab.keyboard.press("ArrowDown")
    tab.wait_for_function("document.querySelector('.dd-reading').textContent.includes('absolute')")
    visit(tab, gallery, "replay")
    tab.get_by_role("slider", name="turns taken").press("End")
    tab.get_by_role("checkbox").press("Space")
    tab.wait_for_function("document.querySelector('.dd-reading').textContent.includes('cleared')")


DRAGGED = [
    ("parabola", 0, "start w₀", "3.8"),
    ("parabola", 1, "learning rate α", "0.45"),
    ("valley", 0, "start w₁", "-0.5"),
    ("line_landscape", 0, "slope w", "0.2"),
    ("confidence", 0, "scores multiplied by", "20"),
]


@pytest.fixture(scope="module")
def phone(chromium: Browser, gallery: str) -> Iterator[Page]:
    """A tab as narrow as a phone, for fingers."""
    context = chromium.new_context(viewport={"width": 390, "height": 600}, has_touch=True)
    page = context.new_page()
    faults = watch(page, gallery)
    yield page
    assert not faults
    context.close()


def swipe(page: Page, *places: tuple[float, float]) -> None:
    """One finger, from the first place over all others."""
    finger = page.context.new_cdp_session(page)
    for i, (x, y) in enumerate(places):
        points = [{"x": x, "y": y}]
        kind = "touchMove" if i else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def middle(spot: Locator) -> tuple[float, float]:
    box = spot.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(("name", "number", "control", "first"), DRAGGED)
def test_a_handle_is_dragged_by_mouse_and_by_finger(
    phone: Page, gallery: str, name: str, number: int, control: str, first: str
) -> None:
    visit(phone, gallery, name)
    slider = phone.get_by_role("slider", name=control)
    assert slider.input_value() == first
    plot = phone.locator(".dd-panels svg.dd-draggable").nth(number)
    plot.scroll_into_view_if_needed()
    handle = plot.locator(".dd-handle")
    x, y = middle(handle)
    phone.mouse.move(x, y)
    phone.mouse.down()
    phone.mouse.move(x - 40, y)
    phone.mouse.up()
    moved = float(slider.input_value())
    assert moved < float(first)

    phone.evaluate("() => new Promise(requestAnimationFrame)")
    x, y = middle(handle)
    swipe(phone, (x, y), (x + 15, y), (x + 30, y))
    assert float(slider.input_value()) > moved


def test_a_finger_beside_the_handle_scrolls_the_page(phone: Page, gallery: str) -> None:
    visit(phone, gallery, "parabola")
    plot = phone.locator(".dd-panels svg.dd-draggable").first.bounding_box()
    assert plot
    x, y = plot["x"] + 100, plot["y"] + 200
    swipe(phone, (x, y), (x, y - 60), (x, y - 120))
    phone.wait_for_function("scrollY > 0")
    assert phone.get_by_role("slider", name="start w₀").input_value() == "3.8"


# Where they can't answer, and for whom.


@pytest.mark.parametrize("missing", ["scripts", "module", "data"])
def test_a_figure_that_lacks_what_moves_it_is_its_still(
    chromium: Browser, gallery: str, missing: str
) -> None:
    context = chromium.new_context(java_script_enabled=missing != "scripts")
    page = context.new_page()
    if missing == "data":
        # As in the book, where large data are a file beside the page: here there is none.
        data = re.compile(r"(<script type=.application/json.)>.*?</script>", re.S)

        def name_a_file(route: Route) -> None:
            answer = route.fetch()
            body = data.sub(r'\1 data-file="gone.json"></script>', answer.text())
            route.fulfill(response=answer, body=body)

        page.route("**/parabola.html", name_a_file)
    else:
        page.route("**/parabola.js", lambda route: route.abort())
    if missing == "scripts":
        page.goto(f"{gallery}/parabola.html")
        assert page.get_by_role("status").count() == 0
    else:
        with page.expect_event("pageerror"):
            page.goto(f"{gallery}/parabola.html")
        page.get_by_role("status").filter(has_text="could not be loaded").wait_for()
    assert page.get_by_role("img").get_attribute("aria-label")
    assert page.locator("figcaption").is_visible()
    assert page.locator("input, button, select").count() == 0, "a dead control"
    context.close()


# What sticks out of the page, with the figure that it belongs to.
WIDE = """() => [...document.querySelectorAll("main *")]
  .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .filter((e) => !e.closest("svg svg, .dd-unseen"))
  .map((e) => `${e.closest("figure")?.dataset.explore}: ${e.tagName}`)"""


def test_the_figures_fit_a_phone_and_are_accessible(phone: Page, gallery: str) -> None:
    visit(phone, gallery, ALL)
    assert phone.locator("figure[data-alive]").count() == len(EXAMPLES)
    assert phone.evaluate(WIDE) == []
    assert not violations(phone)
    phone.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    assert not violations(phone, only=COLOURS)
