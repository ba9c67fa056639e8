"""Computational graphs with the numbers on their edges, and what they say about gradients."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.ticker import MaxNLocator

from drinkdeep.figures.browser import in_browser
from drinkdeep.figures.picture import Picture, panel
from drinkdeep.palette import BLUE, GRID, INK, MUTED, ORANGE, SKY, WASH

MARKERS = "osD^vP"


@dataclass(frozen=True)
class TwoLayer:
    """A network of one unit a layer, x → L₁ → S → L₂ → ℓ, its values and its gradients.

    L₁ = W₁x + b₁, S = sigmoid(L₁), L₂ = W₂S + b₂, ℓ = (L₂ − y)²; all are plain numbers. A name
    that starts with ``d`` is the derivative of the loss ℓ with respect to the rest of the name.
    """

    x: float
    W1: float
    b1: float
    W2: float
    b2: float
    y: float

    def numbers(self) -> dict[str, float]:
        """Return all that the forward and the backward pass compute, by name, in their order."""
        layer1 = self.W1 * self.x + self.b1
        s = 1 / (1 + math.exp(-layer1))
        layer2 = self.W2 * s + self.b2
        d_layer2 = 2 * (layer2 - self.y)
        d_s = self.W2 * d_layer2
        d_layer1 = s * (1 - s) * d_s
        return {
            "L1": layer1,
            "S": s,
            "L2": layer2,
            "loss": (layer2 - self.y) ** 2,
            "dL2": d_layer2,
            "dW2": s * d_layer2,
            "db2": d_layer2,
            "dS": d_s,
            "dL1": d_layer1,
            "dW1": self.x * d_layer1,
            "db1": d_layer1,
        }


EXAMPLE = TwoLayer(x=2.0, W1=0.6, b1=-0.3, W2=-1.5, b2=0.4, y=0.5)
"""The network of chapter 3: no two of its numbers agree unless a rule makes them agree."""

FORWARD_STEPS, LAST_STEP, NEVER = 3, 7, 99


def forward_graph(network: TwoLayer, *, alt: str, caption: str = "") -> Picture:
    """Draw the two-layer graph after the forward pass, bottom to top, a value on each edge."""
    figure, axes = _graph_panel()
    _two_layer(axes, network, FORWARD_STEPS)
    return Picture((figure,), alt, caption)


@in_browser(
    "two_layer_steps",
    lambda controls: {name: getattr(EXAMPLE, name) for name in ("x", "b1", "b2", "y")},
)
def two_layer_steps(step: int, W1: float, W2: float) -> Picture:
    """Draw the graph of :data:`EXAMPLE` with other weights, after ``step`` of its 7 steps.

    Steps 1 to 3 are the forward pass, 4 to 7 the backward pass.
    """
    network = TwoLayer(EXAMPLE.x, W1, EXAMPLE.b1, W2, EXAMPLE.b2, EXAMPLE.y)
    n = {name: _number(value) for name, value in network.numbers().items()}
    slope = network.numbers()["S"] * (1 - network.numbers()["S"])
    happens = (
        "Before step 1: only the input, the target, the weights and the biases have numbers.",
        f"Step 1, forward: L₁ = W₁·x + b₁ = {n['L1']}.",
        f"Step 2, forward: S = sigmoid(L₁) = {n['S']}, then L₂ = W₂·S + b₂ = {n['L2']}.",
        f"Step 3, forward: the loss ℓ = (L₂ − y)² = {n['loss']}.",
        f"Step 4, backward: the loss sends down 2(L₂ − y) = {n['dL2']}.",
        f"Step 5, backward: L₂ multiplies what came in, {n['dL2']}, by S for W₂ ({n['dW2']}), "
        f"by 1 for b₂ ({n['db2']}) and by W₂ for S ({n['dS']}).",
        f"Step 6, backward: the sigmoid multiplies {n['dS']} by its slope S(1 − S) = "
        f"{_number(slope)}, which gives {n['dL1']}.",
        f"Step 7, backward: L₁ multiplies {n['dL1']} by x for W₁ ({n['dW1']}) and by 1 for b₁ "
        f"({n['db1']}). With W₁ = {_number(W1)} and W₂ = {_number(W2)} the loss is {n['loss']}.",
    )
    figure, axes = _graph_panel()
    _two_layer(axes, network, step)
    return Picture(
        (figure,),
        alt="The two-layer graph, x at the bottom and the loss at the top, with the numbers that "
        f"are known after step {step} of {LAST_STEP} on its edges. {happens[step]}",
        caption=happens[step],
    )


def sum_graph(value: float, *, alt: str, caption: str = "") -> Picture:
    """Draw the graph of b = a + a and c = b + b at a = ``value``, gradients below its edges."""
    figure, axes = panel(4.7, 2.2)
    _empty(axes, 4.7, 2.2)
    places = {"a": 0.55, "b": 2.35, "c": 4.15}
    for (name, x), value_of, gradient in zip(
        places.items(), (value, 2 * value, 4 * value), (4, 2, 1), strict=True
    ):
        _box(axes, x, 1.15, name, 0.5)
        axes.text(x, 1.6, f"{name} = {value_of:g}", color=BLUE, ha="center", va="center")
        text = f"∂c/∂{name} = {gradient}"
        axes.text(x, 0.7, text, color=ORANGE, ha="center", va="center")
    for left, right, incoming in (("a", "b", 2), ("b", "c", 1)):
        x0, x1 = places[left] + 0.28, places[right] - 0.28
        for side in (1, -1):
            y = 1.15 + 0.1 * side
            _arrow(axes, (x1, y), (x0, y), ORANGE, dashed=True, bend=0.35 * side)
            text = f"1 × {incoming} = {incoming}"
            middle = (x0 + x1) / 2
            axes.text(middle, 1.15 + 0.5 * side, text, color=INK, ha="center", va="center")
    axes.text(2.35, 2.05, "values", color=BLUE, ha="center", va="center", fontsize=9.5)
    words = "gradients: what the two edges bring is added"
    axes.text(2.35, 0.2, words, color=ORANGE, ha="center", va="center", fontsize=9.5)
    return Picture((figure,), alt, caption)


def layer_products(
    batch: int, inputs: int, outputs: int, *, alt: str, caption: str = ""
) -> Picture:
    """Draw the three matrix products of a layer as rectangles: forward, for W and for the input.

    X is (batch, inputs), W (outputs, inputs), δ (batch, outputs); all sizes below 7 to fit.
    """
    sizes = {"B": batch, "in": inputs, "out": outputs}
    products = (
        ("forward: Z = X Wᵀ + b", ("X", "B", "in"), ("Wᵀ", "in", "out"), "Z"),
        ("for the weights: δᵀ X", ("δᵀ", "out", "B"), ("X", "B", "in"), "∂L/∂W"),
        ("for the input: δ W", ("δ", "B", "out"), ("W", "out", "in"), "∂L/∂X"),
    )
    panels = []
    for title, left, right, result in products:
        figure, axes = panel(3.7, 1.9)
        _empty(axes, 3.7, 1.9)
        axes.text(1.85, 1.78, title, ha="center", va="center", fontsize=10.5)
        factors = (left, right, (result, left[1], right[2]))
        unit, label, gap = 0.19, 0.2, 0.26
        x = (3.7 - sum(unit * sizes[columns] + label for _, _, columns in factors) - 2 * gap) / 2
        for (name, rows, columns), sign in zip(factors, ("·", "=", ""), strict=True):
            width, height = unit * sizes[columns], unit * sizes[rows]
            x += label
            _block(axes, x, 0.78, width, height, name, ORANGE if name == result else BLUE)
            axes.text(x - 0.05, 0.78, rows, rotation=90, ha="right", va="center", fontsize=9)
            axes.text(x + width / 2, 0.82 + height / 2, columns, ha="center", fontsize=9)
            x += width
            axes.text(x + gap / 2, 0.78, sign, ha="center", va="center", fontsize=12)
            x += gap
        panels.append(figure)
    return Picture(tuple(panels), alt, caption)


def difference_error(
    steps: Sequence[float],
    errors: Mapping[str, Sequence[float]],
    *,
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw the error of finite differences against their step, both axes logarithmic.

    ``errors`` has one curve a name, each as long as ``steps``; an error of exactly 0 has no
    logarithm and leaves a gap.
    """
    figure, axes = panel(4.7, 3.4)
    for (name, values), marker in zip(errors.items(), MARKERS, strict=False):
        axes.loglog(steps, [v or math.nan for v in values], marker=marker, ms=3.5, label=name)
    axes.set(xlabel="step $h$", ylabel="error of the derivative")
    axes.legend(fontsize=9)
    return Picture((figure,), alt, caption)


def sigmoid_and_slope(*, alt: str, caption: str = "") -> Picture:
    """Draw the sigmoid, and its slope with the ceiling at one quarter."""
    z = [i / 20 for i in range(-160, 161)]
    s = [1 / (1 + math.exp(-v)) for v in z]
    left, axes = panel(3.6, 2.6)
    axes.plot(z, s, color=BLUE)
    axes.set(xlabel="$z$", ylabel=r"sigmoid $\sigma(z)$", yticks=(0, 0.25, 0.5, 0.75, 1))
    right, slope = panel(3.6, 2.6)
    slope.plot(z, [v * (1 - v) for v in s], color=ORANGE)
    slope.axhline(0.25, color=MUTED, linestyle="--", linewidth=1.2)
    slope.text(7.9, 0.255, "¼", ha="right", va="bottom", color=INK)
    slope.set(xlabel="$z$", ylabel=r"slope $\sigma(1-\sigma)$", ylim=(0, 0.285))
    return Picture((left, right), alt, caption)


def gradient_by_layer(
    norms: Mapping[str, Sequence[float]], *, alt: str, caption: str = ""
) -> Picture:
    """Draw the length of the gradient at each layer, on a logarithmic axis, one curve a name.

    The first number of a curve belongs to the layer next to the input.
    """
    figure, axes = panel(4.7, 3.3)
    for (name, values), marker in zip(norms.items(), MARKERS, strict=False):
        axes.semilogy(range(1, len(values) + 1), values, marker=marker, label=name)
    axes.set(xlabel="layer (1 = next to the input)", ylabel="length of the gradient")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return Picture((figure,), alt, caption)


def step_losses(losses: Mapping[str, Sequence[float]], *, alt: str, caption: str = "") -> Picture:
    """Draw the losses of two training runs, step by step, in nats; the second on the first.

    ``losses`` holds exactly two runs, by name.
    """
    (below, wide), (above, thin) = losses.items()
    figure, axes = panel(4.7, 3.2)
    axes.plot(range(1, len(wide) + 1), wide, color=SKY, linewidth=4.5, label=below)
    axes.plot(range(1, len(thin) + 1), thin, color=INK, linewidth=0.9, label=above)
    axes.set(xlabel="step", ylabel="loss of the batch (nats)", ylim=(0, None))
    axes.legend()
    return Picture((figure,), alt, caption)


# --- drawing -----------------------------------------------------------------------------------

WIDTH, HEIGHT, COLUMN = 4.7, 6.3, 2.45
# Of each box on the column: the height of its middle above the lower edge, and its own height.
ROWS = {"x": (0.3, 0.44), "L1": (1.65, 0.96), "S": (2.95, 0.44), "L2": (4.25, 0.96)}
ROWS |= {"loss": (5.55, 0.44)}
FORMULAS = {
    "x": "x",
    "L1": "L₁ = W₁x + b₁",
    "S": "S = σ(L₁)",
    "L2": "L₂ = W₂S + b₂",
    "loss": "ℓ = (L₂ − y)²",
}
SYMBOLS = {"x": "x", "L1": "L₁", "S": "S", "L2": "L₂", "W1": "W₁", "b1": "b₁", "W2": "W₂"}
SYMBOLS |= {"b2": "b₂", "y": "y"}


def _two_layer(axes: Axes, network: TwoLayer, step: int) -> None:
    """Draw the graph with all numbers known after ``step``; the boxes at work have a thick rim."""
    n = network.numbers() | {
        name: getattr(network, name) for name in ("x", "W1", "b1", "W2", "b2", "y")
    }
    at_work = ((), ("L1",), ("S", "L2"), ("loss",), ("loss",), ("L2",), ("S",), ("L1",))[step]
    for name, (y, height) in ROWS.items():
        width = 0.5 if name == "x" else 1.4
        _box(axes, COLUMN, y, FORMULAS[name], width, height=height, strong=name in at_work)
    # The column: from which step on the value and the gradient of an edge are known, and why.
    slope = n["S"] * (1 - n["S"])
    column = (
        ("x", "L1", 0, NEVER, ""),
        ("L1", "S", 1, 6, f"= {_number(slope)} × {_factor(n['dS'])}"),
        ("S", "L2", 2, 5, f"= {_number(n['W2'])} × {_factor(n['dL2'])}"),
        ("L2", "loss", 2, 4, "= 2(L₂ − y) × 1"),
    )
    for below, above, known, gradient_known, reason in column:
        low = ROWS[below][0] + ROWS[below][1] / 2
        high = ROWS[above][0] - ROWS[above][1] / 2
        _edge(axes, (COLUMN, low), (COLUMN, high), step >= known, step >= gradient_known)
        middle = (low + high) / 2
        if step >= known:
            text = f"{SYMBOLS[below]} = {_number(n[below])}"
            axes.text(COLUMN - 0.2, middle, text, color=BLUE, ha="right", va="center")
        if step >= gradient_known:
            text = f"∂ℓ/∂{SYMBOLS[below]} = {_number(n['d' + below])}"
            axes.text(COLUMN + 0.2, middle + 0.12, text, color=ORANGE, va="center")
            axes.text(COLUMN + 0.2, middle - 0.13, reason, color=INK, va="center", fontsize=9)
    # The sides: the parameters, and the target, which needs no gradient.
    sides = (("W1", "L1", 0.3, 7), ("b1", "L1", -0.3, 7), ("W2", "L2", 0.3, 5))
    for name, layer, lift, gradient_known in (
        *sides,
        ("b2", "L2", -0.3, 5),
        ("y", "loss", 0.0, NEVER),
    ):
        y = ROWS[layer][0] + lift
        _box(axes, 0.27, y, SYMBOLS[name], 0.46, height=0.36)
        _edge(axes, (0.5, y), (COLUMN - 0.7, y), True, step >= gradient_known)
        axes.text(1.12, y + 0.16, _number(n[name]), color=BLUE, ha="center", va="center")
        if step >= gradient_known:
            text = _number(n["d" + name])
            axes.text(1.12, y - 0.19, text, color=ORANGE, ha="center", va="center")
    if step >= FORWARD_STEPS:
        top = ROWS["loss"][0] + ROWS["loss"][1] / 2
        _edge(axes, (COLUMN, top), (COLUMN, top + 0.45), True, step > FORWARD_STEPS)
        text = f"ℓ = {_number(n['loss'])}"
        axes.text(COLUMN - 0.2, top + 0.27, text, color=BLUE, ha="right", va="center")
        if step > FORWARD_STEPS:
            axes.text(COLUMN + 0.2, top + 0.27, "∂ℓ/∂ℓ = 1", color=ORANGE, va="center")
    axes.text(3.2, 0.42, "solid: value, forward", color=BLUE, fontsize=9, va="center")
    if step > FORWARD_STEPS:
        axes.text(3.2, 0.18, "dashed: gradient, back", color=ORANGE, fontsize=9, va="center")


def _number(value: float) -> str:
    """Three decimals, a true minus, and never a negative zero."""
    return f"{round(value, 3) + 0.0:.3f}".replace("-", "−")


def _factor(value: float) -> str:
    """Return the number as the right factor of a product."""
    return f"({_number(value)})" if value < 0 else _number(value)


def _graph_panel() -> tuple[Figure, Axes]:
    figure, axes = panel(WIDTH, HEIGHT)
    _empty(axes, WIDTH, HEIGHT)
    return figure, axes


def _empty(axes: Axes, width: float, height: float) -> None:
    """Axes without a frame whose units are inches, from the lower left corner."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()


def _box(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    width: float,
    *,
    height: float = 0.44,
    strong: bool = False,
) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=WASH,
            edgecolor=INK if strong else MUTED,
            linewidth=2.6 if strong else 1.0,
        )
    )
    axes.text(x, y, text, ha="center", va="center")


def _block(
    axes: Axes, x: float, y: float, width: float, height: float, text: str, colour: str
) -> None:
    """Draw a matrix, as a rectangle that starts at ``x`` and has its middle at the height ``y``."""
    corner = (x, y - height / 2)
    axes.add_patch(
        Rectangle(corner, width, height, facecolor=WASH, edgecolor=colour, linewidth=1.6)
    )
    axes.text(x + width / 2, y, text, ha="center", va="center", fontsize=9.5)


Point = tuple[float, float]


def _edge(axes: Axes, start: Point, end: Point, forward: bool, backward: bool) -> None:
    """Draw an edge: a solid arrow onward once its value is known, a dashed one back."""
    length = math.dist(start, end)
    aside = (0.06 * (end[1] - start[1]) / length, -0.06 * (end[0] - start[0]) / length)
    one = ((start[0] - aside[0], start[1] - aside[1]), (end[0] - aside[0], end[1] - aside[1]))
    two = ((end[0] + aside[0], end[1] + aside[1]), (start[0] + aside[0], start[1] + aside[1]))
    if forward:
        _arrow(axes, *one, BLUE)
    else:
        axes.plot(*zip(*one, strict=True), color=GRID, linewidth=1.2)
    if backward:
        _arrow(axes, *two, ORANGE, dashed=True)


def _arrow(
    axes: Axes, start: Point, end: Point, colour: str, *, dashed: bool = False, bend: float = 0.0
) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=9,
            connectionstyle=f"arc3,rad={bend}",
            color=colour,
            linewidth=1.4,
            linestyle=(0, (3, 1.5)) if dashed else "solid",
            shrinkA=0,
            shrinkB=0,
        )
    )
