"""Autograd's graph, drawn from the real ``grad_fn`` objects, and its backward pass, replayed.

Nothing here knows what was computed: nodes and edges are read from ``next_functions``, and what
flows along them is overheard by hooks while PyTorch's own engine runs. The layout is the usual
one for directed graphs in small: layers by longest path, a bend wherever an edge crosses a layer,
each layer ordered by the mean place of its neighbours (Sugiyama, Tagawa and Toda, 1981).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, pairwise
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from torch import Tensor
from torch.autograd.graph import Node, get_gradient_edge

from drinkdeep.figures.browser import in_browser
from drinkdeep.figures.picture import Picture, panel, written
from drinkdeep.palette import BLUE, GREEN, INK, MUTED, ORANGE, WASH

LETTER = 0.082  # inches: the mean width of a 9 pt letter
LINE = 0.165  # inches: the height of a 9 pt line
Place = tuple[float, float]


@dataclass(eq=False)
class _Spot:
    """A place in a layer: a node of the graph, or a bend (no node) in an edge that passes by."""

    node: Node | None
    layer: int
    x: float = 0.0
    above: list["_Spot"] = field(default_factory=list)
    below: list["_Spot"] = field(default_factory=list)


@dataclass(eq=False)
class _Edge:
    """One of ``node.next_functions``: its number, its spots, and where it meets the two boxes."""

    node: Node
    slot: int
    way: list[_Spot]
    leave: float = 0.0  # from −½, the left corner of the box's side, to ½
    arrive: float = 0.0


def graph_nodes(root: Node) -> list[Node]:
    """Every node that can be reached from ``root``, each once, none before all that use it."""
    finished: dict[Node, None] = {}
    path = [(root, iter(root.next_functions))]
    started = {root}
    while path:
        node, edges = path[-1]
        for child, _ in edges:
            if child is not None and child not in started:
                started.add(child)
                path.append((child, iter(child.next_functions)))
                break
        else:
            finished[node] = None
            path.pop()
    return list(reversed(finished))


def _place(root: Node, gap: Callable[[_Spot], float]) -> tuple[dict[Node, _Spot], list[_Edge]]:
    """Give each node and bend its layer, counted down from the root, and its x in inches."""
    nodes = graph_nodes(root)
    layer = dict.fromkeys(nodes, 0)
    for node in nodes:
        for child, _ in node.next_functions:
            if child is not None:
                layer[child] = max(layer[child], layer[node] + 1)
    spots = {node: _Spot(node, layer[node]) for node in nodes}
    rows: list[list[_Spot]] = [[] for _ in range(max(layer.values()) + 1)]
    for spot in spots.values():
        rows[spot.layer].append(spot)
    edges: list[_Edge] = []
    for node in nodes:
        for slot, (child, _) in enumerate(node.next_functions):
            if child is None:
                continue
            bends = [_Spot(None, level) for level in range(layer[node] + 1, layer[child])]
            for bend in bends:
                rows[bend.layer].append(bend)
            way = [spots[node], *bends, spots[child]]
            for upper, lower in pairwise(way):
                upper.below.append(lower)
                lower.above.append(upper)
            edges.append(_Edge(node, slot, way))
    # First the order in each row: the best that sweeping down and up has seen.
    best = (_crossings(rows), [list(row) for row in rows])
    for sweep in range(8):
        side = "below" if sweep % 2 == 0 else "above"
        for row in reversed(rows) if side == "below" else rows:
            _rank(rows)
            goals = {spot: _mean(spot, side) for spot in row}
            row.sort(key=goals.__getitem__)
        best = min(best, (_crossings(rows), [list(row) for row in rows]), key=lambda seen: seen[0])
    rows = best[1]
    # Then the places, without a change of order.
    _rank(rows)
    for sweep in range(8):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            _spread(row, "above" if sweep % 2 == 0 else "below", gap)
    # The edges of a box share its side evenly, also when two of them join the same two boxes.
    for node in nodes:
        out = sorted((e for e in edges if e.node is node), key=lambda e: e.way[1].x)
        into = sorted((e for e in edges if e.way[-1].node is node), key=lambda e: e.way[-2].x)
        for place, edge in enumerate(out, start=1):
            edge.leave = place / (len(out) + 1) - 0.5
        for place, edge in enumerate(into, start=1):
            edge.arrive = place / (len(into) + 1) - 0.5
    return spots, edges


def _rank(rows: list[list[_Spot]]) -> None:
    for row in rows:
        for place, spot in enumerate(row):
            spot.x = float(place)


def _mean(spot: _Spot, side: str) -> float:
    """Return the mean x of the neighbours above or below, or its own x where there are none."""
    neighbours: list[_Spot] = getattr(spot, side)
    return sum(n.x for n in neighbours) / len(neighbours) if neighbours else spot.x


def _crossings(rows: list[list[_Spot]]) -> int:
    """Return how many pairs of edges cross between neighbouring rows, each in its order."""
    _rank(rows)
    return sum(
        (one.x - other.x) * (start.x - end.x) < 0
        for row in rows
        for one, other in combinations(row, 2)
        for start in one.below
        for end in other.below
    )


def _spread(row: list[_Spot], side: str, gap: Callable[[_Spot], float]) -> None:
    """Move each spot of a row to the mean place of its neighbours on one side, none too close."""
    goals = {spot: _mean(spot, side) for spot in row}
    for left, spot in zip([None, *row], row, strict=False):
        spot.x = goals[spot]
        if left is not None:
            spot.x = max(spot.x, left.x + (gap(left) + gap(spot)) / 2)
    # Pushing went to the right only; the row as a whole moves back to where it wanted to be.
    shift = sum(goals[spot] - spot.x for spot in row) / len(row)
    for spot in row:
        spot.x += shift


@dataclass(frozen=True)
class _Look:
    """How one node is drawn."""

    lines: Sequence[str]
    letters: int  # room for that many in a line
    colour: str
    style: str = "-"
    width: float = 1.4


@dataclass(frozen=True)
class _Way:
    """An arrow from a node down to its input number ``slot``, and where its number stands."""

    node: Node
    slot: int
    curve: list[Place]
    label: Place
    anchor: str  # the side of the label that is at its place: left or right


@dataclass(frozen=True)
class _Layout:
    """All the places of a drawing, in inches from its upper left corner."""

    width: float
    height: float
    boxes: dict[Node, tuple[float, float, float, float]]  # middle, width and height
    ways: list[_Way]


def _arrange(root: Node, looks: Mapping[Node, _Look]) -> _Layout:
    """Lay out the graph below ``root``, the root on top, each node in a box for its lines."""
    size = {
        node: (
            LETTER * looks[node].letters + 0.16,
            LINE * len(looks[node].lines) + 0.1,
        )
        for node in looks
    }
    tall = max(height for _, height in size.values())
    pitch = tall + 0.38

    def gap(spot: _Spot) -> float:
        return 0.3 if spot.node is None else size[spot.node][0] + 0.14

    spots, edges = _place(root, gap)
    everything = {*spots.values(), *(spot for edge in edges for spot in edge.way)}
    left = min(spot.x - gap(spot) / 2 for spot in everything)
    width = max(spot.x + gap(spot) / 2 for spot in everything) - left
    height = pitch * max(spot.layer for spot in everything) + tall + 0.08

    def middle(spot: _Spot) -> Place:
        return spot.x - left, pitch * spot.layer + tall / 2 + 0.04

    ways = []
    for edge in edges:
        child = edge.way[-1].node
        assert child is not None
        (x, y), *bends, (x_end, y_end) = (middle(spot) for spot in edge.way)
        start = x + edge.leave * size[edge.node][0], y + size[edge.node][1] / 2
        end = x_end + edge.arrive * size[child][0], y_end - size[child][1] / 2
        # Straight down between the boxes of a layer that the edge passes.
        passing = [(x, y + side * tall / 2) for x, y in bends for side in (-1, 1)]
        curve = _smooth([start, *passing, end])
        # Where the edge comes down to the next layer, on the side that it doesn't come from.
        (x0, _), (x1, y1) = curve[0], curve[3]
        side = 1 if x1 >= x0 else -1
        anchor = "left" if side > 0 else "right"
        ways.append(_Way(edge.node, edge.slot, curve, (x1 + side * 0.07, y1 - 0.11), anchor))
    boxes = {node: (*middle(spot), *size[node]) for node, spot in spots.items()}
    return _Layout(width, height, boxes, ways)


def _draw(
    root: Node, look: Callable[[Node], _Look], label: Callable[[Node, int], str] = lambda *_: ""
) -> Figure:
    """Draw the graph below ``root``, the root on top, an arrow from each node to its inputs."""
    looks = {node: look(node) for node in graph_nodes(root)}
    layout = _arrange(root, looks)
    figure, axes = panel(layout.width + 0.1, layout.height + 0.1)
    axes.set(xlim=(0, layout.width), ylim=(layout.height, 0))
    axes.set_axis_off()
    for way in layout.ways:
        busy = label(way.node, way.slot)
        arrow = FancyArrowPatch(
            path=Path(way.curve, [Path.MOVETO] + [Path.CURVE4] * (len(way.curve) - 1)),
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=0,
            shrinkB=0,
            color=BLUE if busy else MUTED,
            linewidth=1.8 if busy else 1.0,
        )
        axes.add_patch(arrow)
        axes.text(*way.label, busy, fontsize=9, color=BLUE, ha=way.anchor, va="center")
    for node, (x, y, wide, high) in layout.boxes.items():
        shown = looks[node]
        box = FancyBboxPatch(
            (x - wide / 2, y - high / 2),
            wide,
            high,
            boxstyle="round,pad=0,rounding_size=0.07",
            facecolor=WASH,
            edgecolor=shown.colour,
            linestyle=shown.style,
            linewidth=shown.width,
        )
        axes.add_patch(box)
        for number, line in enumerate(shown.lines):
            axes.text(
                x,
                y + (number - (len(shown.lines) - 1) / 2) * LINE,
                line,
                ha="center",
                va="center_baseline",
                fontsize=9,
                color=INK,
                fontweight="bold" if number == 0 and len(shown.lines) > 1 else "normal",
            )
    return figure


def _smooth(points: list[Place]) -> list[Place]:
    """Bézier points, three a stretch, of a way that leaves and reaches each point vertically."""
    curve = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        half = (y1 - y0) / 2
        curve += [(x0, y0 + half), (x1, y1 - half), (x1, y1)]
    return curve


def _titles(named: Mapping[str, Tensor]) -> dict[Node, str]:
    """Node → the name of its tensor, with the value if it is one number and the shape if not."""
    return {
        get_gradient_edge(tensor).node: f"{name} = {written(tensor.item(), 3)}"
        if tensor.numel() == 1
        else f"{name} {tuple(tensor.shape)}"
        for name, tensor in named.items()
    }


def is_leaf_node(node: Node) -> bool:
    """Return whether ``node`` is one of the graph's leaves, where gradients come to rest."""
    return type(node).__name__ == "AccumulateGrad"


def graph(*outputs: Tensor, named: Mapping[str, Tensor], alt: str, caption: str = "") -> Picture:
    """Draw the graph that autograd recorded, one panel for each of ``outputs``, the root on top.

    Parameters
    ----------
    outputs
        Tensors with a ``grad_fn``, of any shape.
    named
        Name → tensor, for the nodes that are to carry a name: the value of a scalar or the shape
        of anything else is written beside it.
    """
    titles = _titles(named)

    def drawing(output: Tensor) -> Figure:
        root = get_gradient_edge(output).node

        def look(node: Node) -> _Look:
            kind = type(node).__name__
            lines = [titles[node], kind] if node in titles else [kind]
            letters = max(map(len, lines))
            if node is root:
                return _Look(lines, letters, ORANGE, width=2.4)
            if is_leaf_node(node):
                return _Look(lines, letters, GREEN, "--", 1.8)
            return _Look(lines, letters, MUTED)

        return _draw(root, look)

    return Picture(tuple(drawing(output) for output in outputs), alt, caption)


@dataclass(frozen=True)
class Visit:
    """One node's turn in a backward pass: what reached it, and what it sent along each edge."""

    node: Node
    received: float
    sent: tuple[float | None, ...]


def listen(output: Tensor) -> list[Visit]:
    """Run PyTorch's own backward pass from ``output`` and write down each node's turn, in order.

    ``output`` is one number, and so is every tensor it was made of. The graph is kept and the
    leaves' ``.grad`` are left as they were.
    """
    visits: list[Visit] = []
    nodes = graph_nodes(get_gradient_edge(output).node)
    leaves: list[Tensor] = [node.variable for node in nodes if is_leaf_node(node)]  # type: ignore[attr-defined]
    before = [leaf.grad for leaf in leaves]

    def hook(node: Node) -> Callable[[Sequence[Tensor | None], Sequence[Tensor]], None]:
        def note(sent: Sequence[Tensor | None], received: Sequence[Tensor]) -> None:
            values = tuple(None if value is None else value.item() for value in sent)
            visits.append(Visit(node, received[0].item(), values))

        return note

    handles = [node.register_hook(hook(node)) for node in nodes]
    for leaf in leaves:
        leaf.grad = None
    output.backward(retain_graph=True)
    for handle in handles:
        handle.remove()
    for leaf, grad in zip(leaves, before, strict=True):
        leaf.grad = grad
    return visits


class _Replay:
    """Two backward passes over a graph of scalars, of which every moment can be drawn and told."""

    def __init__(self, output: Tensor, named: Mapping[str, Tensor]) -> None:
        self.titles, self.visits = _titles(named), listen(output)
        self.name = {node: title.split(" = ")[0] for node, title in self.titles.items()}
        self.root = get_gradient_edge(output).node
        self.widest = max(len(f"gradient {written(visit.received, 3)}") for visit in self.visits)
        leaves = (node for node in graph_nodes(self.root) if is_leaf_node(node))
        self.leaves = sorted(leaves, key=self.name.__getitem__)

    def title(self, node: Node) -> str:
        return self.titles.get(node, type(node).__name__)

    def turns(self, step: int) -> list[Visit]:
        """Return the turns taken in the pass of ``step``; the second begins after the first."""
        count = len(self.visits)
        return self.visits[: step - count if step > count else step]

    def grad(self, node: Node, step: int, zero: bool) -> str:
        """Return what a leaf's ``.grad`` holds after ``step`` turns."""
        kept = step > len(self.visits) and not zero
        carried = {visit.node: visit.received for visit in self.visits} if kept else {}
        done = {visit.node: visit.received for visit in self.turns(step)}
        known = [received[node] for received in (carried, done) if node in received]
        return written(sum(known), 3) if known else "None"

    def words(self, step: int, zero: bool) -> tuple[str, str]:
        """Return the written alternative of a moment, and its caption."""
        turns, count, second = self.turns(step), len(self.visits), step > len(self.visits)
        kept = " and ".join(
            f"{self.name[leaf]}.grad is {self.grad(leaf, step, zero)}" for leaf in self.leaves
        )
        happened = (
            _told(turns[-1], self.title(turns[-1].node))
            if turns
            else f"Nothing has gone backward from {self.name[self.root]} yet."
        )
        which = "second" if second else "first"
        cleared = " The gradients were cleared before it." if second and zero else ""
        caption = (
            f"Turn {len(turns)} of {count} in the {which} pass.{cleared} {happened} Now {kept}."
        )
        arrived = ", ".join(
            f"{written(turn.received, 3)} at {self.title(turn.node)}" for turn in turns
        )
        alt = (
            f"The graph of {self.name[self.root]} after {len(turns)} of its {count} nodes have had "
            f"their turn in the {which} backward pass.{cleared} "
            + (f"Gradients so far: {arrived}. " if turns else "")
            + f"{happened} Now {kept}."
        )
        return alt, caption

    def look(self, node: Node, step: int, zero: bool) -> _Look:
        turns = self.turns(step)
        done = {visit.node: visit for visit in turns}
        lines = [self.title(node)]
        lines.append(f"gradient {written(done[node].received, 3)}" if node in done else "waiting")
        if is_leaf_node(node):
            lines.append(f"{self.name[node]}.grad: {self.grad(node, step, zero)}")
        # Every moment is laid out alike, so that nothing jumps from one to the next.
        letters = max(len(lines[0]), self.widest, len(f"{self.name.get(node, '')}.grad: −00"))
        if turns and node is turns[-1].node:
            return _Look(lines, letters, ORANGE, width=2.8)
        if node in done:
            return _Look(lines, letters, GREEN, width=1.8)
        return _Look(lines, letters, MUTED, ":")

    def in_browser(self, controls: Mapping[str, Any]) -> dict[str, Any]:
        """Return the graph with its places, the turns, and the words of every moment."""
        looks = {node: self.look(node, 0, False) for node in graph_nodes(self.root)}
        layout = _arrange(self.root, looks)
        order = {node: number for number, node in enumerate(layout.boxes)}
        return {
            "size": [layout.width, layout.height],
            "nodes": [
                {"box": box, "title": self.title(node), "leaf": self.name[node]}
                if is_leaf_node(node)
                else {"box": box, "title": self.title(node)}
                for node, box in layout.boxes.items()
            ],
            "edges": [
                {"curve": way.curve, "label": way.label, "anchor": way.anchor}
                | {"node": order[way.node], "slot": way.slot}
                for way in layout.ways
            ],
            "visits": [
                {"node": order[visit.node], "received": visit.received, "sent": visit.sent}
                for visit in self.visits
            ],
            "words": [
                [self.words(int(step), zero) for step in controls["step"].values()]
                for zero in (False, True)
            ],
        }


@in_browser("replay", lambda controls, passes: passes.in_browser(controls))
def _moment(passes: _Replay, step: int, zero: bool) -> Picture:
    done = {visit.node: visit for visit in passes.turns(step)}

    def label(node: Node, slot: int) -> str:
        value = done[node].sent[slot] if node in done else None
        return "" if value is None else written(value, 3)

    drawing = _draw(passes.root, lambda node: passes.look(node, step, zero), label)
    return Picture((drawing,), *passes.words(step, zero))


def replay(output: Tensor, named: Mapping[str, Tensor]) -> Callable[[int, bool], Picture]:
    """Two backward passes from ``output``, to be drawn turn by turn.

    One pass is run, here; another over the same graph sends the same numbers.

    The function that comes back takes the number of turns already taken (0 to twice the number
    of nodes) and whether the gradients are cleared between the passes, and draws that moment.
    ``named`` gives names to scalars of the graph; the leaves and ``output`` must have one.
    """
    return partial(_moment, _Replay(output, named))


def _told(visit: Visit, title: str) -> str:
    """Return one node's turn in words."""
    received = f"{title}: {written(visit.received, 3)} came in"
    if is_leaf_node(visit.node):
        return f"{received}, and was added to its .grad."
    sent = " and ".join(written(value, 3) for value in visit.sent if value is not None)
    return f"{received}, and {sent} went out."


def walks(
    paths: Mapping[str, Sequence[float]], goal: float, *, alt: str, caption: str = ""
) -> Picture:
    """Draw a weight's way, step by step, for each of ``paths`` (name → values), and its goal."""
    figure, axes = panel()
    axes.axhline(goal, color=MUTED, linestyle=":", linewidth=1.2)
    for (name, values), marker in zip(paths.items(), "os^D", strict=False):
        axes.plot(range(len(values)), values, marker=marker, markersize=3.5, label=name)
    axes.set(xlabel="step", ylabel="weight w")
    axes.set_ylim(top=max(max(values) for values in paths.values()) * 1.3)
    axes.legend(loc="upper right")
    return Picture((figure,), alt, caption)
