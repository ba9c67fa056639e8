"""Experiments side by side: sweeps, spreads over seeds, calibration, and where the time goes."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from torch import Tensor

from drinkdeep.figures.browser import in_browser, numbers
from drinkdeep.figures.picture import Picture, panel
from drinkdeep.palette import BLUE, MUTED, ORANGE, SERIES
from drinkdeep.recipes import Run

_MARKERS = ("o", "s", "^", "D", "v", "P")
_STYLES = ("-", "--", "-.", ":")
# The dot of a run: hollow, so that no other dot or line hides it.
_HOLLOW: dict[str, Any] = {"fillstyle": "none", "markersize": 6, "markeredgewidth": 1.4}
_PERCENTS = (0.5, 1, 2, 3, 5, 10, 20, 50, 100)

BINS = 10
"""The classes of confidence in which calibration is measured, all of one width."""


# Errors of many runs


def verdict(first: str, ones: Sequence[float], second: str, others: Sequence[float]) -> str:
    """Say what the errors of two recipes' runs show: a difference only where none overlap."""
    if max(ones) < min(others):
        return f"every run of {first} is below every run of {second}"
    if max(others) < min(ones):
        return f"every run of {second} is below every run of {first}"
    return f"the runs of {first} and of {second} overlap"


def span(errors: Sequence[float]) -> str:
    """Say between which errors the runs lie.

    Examples
    --------
    >>> span([9.64, 15.9, 13.9])
    '9.6 to 15.9'
    >>> span([2.0, 2.04])
    '2.0'
    """
    low, high = f"{min(errors):.1f}", f"{max(errors):.1f}"
    return low if low == high else f"{low} to {high}"


def sweep(
    results: Mapping[tuple[str, float], Sequence[float]],
    xlabel: str,
    *,
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw validation error against a quantity, on logarithmic axes: a dot a run, lines by means.

    ``results`` holds the runs' errors in per cent under (name of the series, value of the
    quantity).
    """
    figure, axes = panel(4.8, 3.4)
    series: dict[str, dict[float, list[float]]] = {}
    for (name, value), errors in results.items():
        series.setdefault(name, {})[value] = list(errors)
    for index, (name, points) in enumerate(series.items()):
        colour, marker = SERIES[index], _MARKERS[index]
        values = sorted(points)
        style = _STYLES[index % len(_STYLES)]
        for value in values:
            count = len(points[value])
            axes.plot([value] * count, points[value], marker, color=colour, **_HOLLOW)
        axes.plot(values, [fmean(points[value]) for value in values], style, color=colour)
        axes.plot([], [], style, marker=marker, color=colour, label=name, **_HOLLOW)
    axes.set_xscale("log")
    ticks = sorted({value for _, value in results})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.08)
    axes.set(xlabel=xlabel, ylabel="validation error (%)")
    _per_cent(
        axes, "y", [error for points in series.values() for e in points.values() for error in e]
    )
    if len(series) > 1:
        axes.legend(handlelength=2.8)
    return Picture((figure,), alt, caption)


def last_steps(results: Mapping[str, Sequence[float]], *, alt: str, caption: str = "") -> Picture:
    """Draw validation error after each of the last steps of some runs, the last to the right."""
    figure, axes = panel(4.8, 3.2)
    for index, (name, errors) in enumerate(results.items()):
        places = range(1 - len(errors), 1)
        style, marker = _STYLES[index % len(_STYLES)], _MARKERS[index]
        colour = SERIES[index]
        axes.plot(places, errors, style, marker=marker, color=colour, label=name, **_HOLLOW)
    axes.set(xlabel="step, counted from the last", ylabel="validation error (%)")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper left")
    return Picture((figure,), alt, caption)


def spread(
    *groups: Mapping[str, Sequence[float]],
    titles: Sequence[str] = (),
    xlabel: str = "validation error (%)",
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw one panel a group, one row a recipe: a dot a seed, and a bar at their mean.

    The values are errors in per cent; a group gets a logarithmic axis if they differ by
    more than a factor of five.
    """
    figures = []
    for number, group in enumerate(groups):
        figure, axes = panel(4.6, 0.85 + 0.46 * len(group))
        for row, values in enumerate(group.values()):
            mean = fmean(values)
            axes.plot([mean, mean], [row - 0.3, row + 0.3], color=ORANGE, lw=2.4)
            # One a little below the other, so that equal ones can be counted.
            heights = [row + 0.12 * (k - (len(values) - 1) / 2) for k in range(len(values))]
            axes.plot(values, heights, "o", color=BLUE, **_HOLLOW)
        axes.set_yticks(range(len(group)), list(group))
        axes.set_ylim(len(group) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(xlabel)
        every = [value for values in group.values() for value in values]
        if max(every) > 5 * min(every):
            axes.set_xscale("log")
            _per_cent(axes, "x", every)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5))
        if titles:
            axes.set_title(titles[number])
        figures.append(figure)
    return Picture(tuple(figures), alt, caption)


def _per_cent(axes: Axes, which: str, values: Sequence[float]) -> None:
    """Draw a logarithmic axis with round percentages beside its ticks."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    low, high = min(values) / 1.15, max(values) * 1.15
    if which == "y":
        axes.set_yscale("log")
        axes.set_ylim(low, high)
    else:
        axes.set_xlim(low, high)
    axis.set_ticks([tick for tick in _PERCENTS if low <= tick <= high])
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


# Over the course of training


class Measure(NamedTuple):
    """A quantity that a history holds, and how it is drawn."""

    attribute: str
    label: str
    factor: float
    """What the history's value is multiplied by."""
    offset: float


MEASURES = {
    "validation loss": Measure("validation_losses", "validation loss (nats)", 1, 0),
    "training loss": Measure("losses", "training loss (nats)", 1, 0),
    "validation error": Measure("validation_accuracies", "validation error (%)", -100, 100),
}
"""What :func:`compare` can show."""


def _means(runs: Sequence[Run], measure: Measure) -> Tensor:
    """(seeds, epochs), in the units of the label."""
    values = torch.tensor([getattr(run.history, measure.attribute) for run in runs])
    return measure.offset + measure.factor * values


def _band(axes: Axes, curves: Tensor, index: int, label: str) -> None:
    """Draw the mean over seeds as a line, and the range of the seeds behind it."""
    epochs = range(1, curves.shape[1] + 1)
    low, high = curves.amin(0).tolist(), curves.amax(0).tolist()
    axes.fill_between(epochs, low, high, color=SERIES[index], alpha=0.2, lw=0)
    style, marker = _STYLES[index], _MARKERS[index]
    axes.plot(epochs, curves.mean(0).tolist(), style, marker=marker, ms=3.5, color=SERIES[index])
    axes.lines[-1].set_label(label)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def overfitting(runs: Sequence[Run], best: int, *, alt: str, caption: str = "") -> Picture:
    """Losses of training and validation, and validation's error, over the epochs of some runs.

    ``best`` is the epoch, counted from 1, that is marked.
    """
    left, losses = panel(4.4, 3.1)
    _band(losses, _means(runs, MEASURES["training loss"]), 0, "training")
    _band(losses, _means(runs, MEASURES["validation loss"]), 1, "validation")
    losses.set(ylabel="mean loss (nats)", ylim=(0, 0.8))
    right, errors = panel(4.4, 3.1)
    _band(errors, _means(runs, MEASURES["validation error"]), 1, "validation")
    errors.set(ylabel="validation error (%)", ylim=(0, 20))
    for axes in (losses, errors):
        axes.axvline(best, color=MUTED, ls=":", lw=1.6, label=f"lowest loss: epoch {best}")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return Picture((left, right), alt, caption)


def _histories_in_browser(_: object, results: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    """For each quantity its label, and for each recipe the curves of its seeds."""
    return {
        "measures": {
            show: {
                "label": measure.label,
                "curves": {name: numbers(_means(runs, measure)) for name, runs in results.items()},
            }
            for show, measure in MEASURES.items()
        }
    }


@in_browser("compare", _histories_in_browser)
def compare(results: Mapping[str, Sequence[Run]], first: str, second: str, show: str) -> Picture:
    """Two recipes' curves over the epochs, with the range of their seeds.

    ``show`` is a key of :data:`MEASURES`.
    """
    measure = MEASURES[show]
    figure, axes = panel(4.8, 3.3)
    names = [first] if first == second else [first, second]
    curves = [_means(results[name], measure) for name in names]
    for index, (name, values) in enumerate(zip(names, curves, strict=True)):
        _band(axes, values, index, name)
    top = max(float(values[:, 2:].max()) for values in curves) * 1.15
    axes.set(ylabel=measure.label, ylim=(0, top))
    axes.legend()
    ends = [values[:, -1] for values in curves]
    if len(ends) == 1:
        found = "Choose two recipes to compare them."
    else:
        one, two = (end.tolist() for end in ends)
        found = f"At the end {verdict(f'“{first}”', one, f'“{second}”', two)}."
    single = all(len(values) == 1 for values in curves)
    note = "One run each: no spread is shown." if single else "Shaded: the range of the runs."
    return Picture(
        (figure,), f"The {show} of two recipes over the epochs. {found}", f"{found} {note}"
    )


# Calibration


def calibration_bins(p: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Share of the examples, mean confidence and accuracy in each bin; (BINS,), float64.

    ``p`` are probabilities (N, K), ``labels`` (N,). The confidence of an example is its largest
    probability. An empty bin has a share of 0, and ``nan`` for the rest.
    """
    confidence, answer = p.double().max(dim=1)
    bins = (confidence * BINS).ceil().long().clamp(1, BINS) - 1
    right = (answer == labels).double()
    count = torch.bincount(bins, minlength=BINS).double()
    totals = [torch.bincount(bins, weights=v, minlength=BINS) for v in (confidence, right)]
    return count / len(labels), totals[0] / count, totals[1] / count


def calibration_error(p: Tensor, labels: Tensor) -> float:
    """Return the expected calibration error: Σ share · |accuracy − confidence| over the bins."""
    share, confidence, accuracy = calibration_bins(p, labels)
    return float((share * (accuracy - confidence).abs()).nansum())


class _Calibration(NamedTuple):
    """What a network's probabilities are worth, at one temperature; the first five are (BINS,)."""

    share: Tensor
    confidence: Tensor
    accuracy: Tensor
    low: Tensor
    high: Tensor
    gap: float
    error: float


def _calibration(logits: Tensor, labels: Tensor, temperature: float) -> _Calibration:
    p = (logits / temperature).softmax(dim=1)
    share, confidence, accuracy = calibration_bins(p, labels)
    # Wilson's interval for two standard errors: a bin of few examples says little.
    n = share * len(labels)
    k = n * accuracy
    centre, half = (k + 2) / (n + 4), 2 / (n + 4) * (k * (n - k) / n + 1).sqrt()
    gap = float(p.max(dim=1).values.mean() - (p.argmax(dim=1) == labels).float().mean())
    error = calibration_error(p, labels)
    return _Calibration(share, confidence, accuracy, centre - half, centre + half, gap, error)


def _calibration_in_browser(
    controls: Mapping[str, Any], logits: Tensor, labels: Tensor
) -> dict[str, Any]:
    """Return the bins at each temperature of the control: logits would be forty times as much."""
    moments = []
    for temperature in controls["temperature"].values():
        found = _calibration(logits, labels, temperature)
        bins = zip(*(values.tolist() for values in found[:5]), strict=True)
        moments.append(
            {
                "share": found.share.tolist(),
                # Confidence, accuracy and its interval, of the bins that hold anything.
                "dots": [dot for share, *dot in bins if share],
                "gap": found.gap,
                "error": found.error,
            }
        )
    return {"moments": moments}


@in_browser("reliability", _calibration_in_browser)
def reliability(logits: Tensor, labels: Tensor, temperature: float) -> Picture:
    """Accuracy against confidence, and how many examples have which, at a temperature.

    ``logits`` are (N, K) and are divided by ``temperature``; ``labels`` are (N,).
    """
    share, confidence, accuracy, low, high, gap, ece = _calibration(logits, labels, temperature)
    left, axes = panel(3.6, 3.5)
    axes.plot([0, 1], [0, 1], color=MUTED, ls="--", lw=1.3, label="calibrated")
    kept = share > 0
    error = torch.stack([accuracy - low, high - accuracy])[:, kept]
    x, y = confidence[kept].tolist(), accuracy[kept].tolist()
    axes.errorbar(
        x, y, error.clamp(min=0).tolist(), fmt="o", color=BLUE, ms=6, lw=1.6, label="this network"
    )
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.03), ylim=(0, 1.03))
    axes.legend(loc="upper left")
    right, bars = panel(3.6, 3.5)
    centres = [(index + 0.5) / BINS for index in range(BINS)]
    bars.bar(centres, (100 * share).tolist(), width=0.09, color=BLUE)
    bars.set(xlabel="confidence", ylabel="share of the images (%)", xlim=(0, 1.03), ylim=(0, 103))
    if gap > 0.005:
        verdict = "On average the network is surer than it is right: overconfident"
    elif gap < -0.005:
        verdict = "On average the network is less sure than it is right: underconfident"
    else:
        verdict = "On average the network is as sure as it is right"
    return Picture(
        (left, right),
        f"Reliability at temperature {temperature:.1f}: accuracy against confidence in ten bins, "
        f"and the share of the images in each. {verdict}.",
        f"{verdict}. Expected calibration error {100 * ece:.1f} "
        f"percentage points at temperature {temperature:.1f}.",
    )


# Beside others


class Result(NamedTuple):
    """An error on the test set, in per cent, and what is known of the network that made it."""

    network: str
    error: float
    kind: str


def beside(results: Sequence[Result], *, alt: str, caption: str = "") -> Picture:
    """Test errors, one row a network, a marker for each kind; no more than two kinds a network."""
    networks = list(dict.fromkeys(result.network for result in results))
    figure, axes = panel(4.8, 1.0 + 0.4 * len(networks))
    for index, kind in enumerate(dict.fromkeys(result.kind for result in results)):
        of_kind = [result for result in results if result.kind == kind]
        rows = [networks.index(result.network) for result in of_kind]
        errors = [result.error for result in of_kind]
        axes.plot(errors, rows, _MARKERS[index], color=SERIES[index], ms=7, label=kind)
    for result in results:
        # To the right of its marker, unless another one stands there.
        rivals = [other.error for other in results if other.network == result.network]
        right = not any(0 < rival - result.error < 2 for rival in rivals)
        axes.annotate(
            f"{result.error:.3g}",
            (result.error, networks.index(result.network)),
            (8 if right else -8, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
        )
    axes.set_yticks(range(len(networks)), networks)
    axes.set_ylim(len(networks) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="test error (%)", xlim=(0, max(result.error for result in results) * 1.15))
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=2)
    return Picture((figure,), alt, caption)


# Where the time goes


def durations(parts: Mapping[str, float], *, alt: str, caption: str = "") -> Picture:
    """Milliseconds, one bar a part."""
    figure, axes = panel(4.6, 0.9 + 0.4 * len(parts))
    bars = axes.barh(list(parts), list(parts.values()), color=BLUE)
    axes.bar_label(bars, fmt="%.2g", padding=3)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="time for one batch (ms)", xlim=(0, max(parts.values()) * 1.15))
    return Picture((figure,), alt, caption)


def throughput(
    speeds: Mapping[str, Mapping[int, float]], limit: float, *, alt: str, caption: str = ""
) -> Picture:
    """Images a second against the batch size, one curve a setting, below a limit."""
    figure, axes = panel(4.8, 3.4)
    for index, (name, points) in enumerate(speeds.items()):
        marker, style = _MARKERS[index], _STYLES[index]
        axes.plot(list(points), list(points.values()), style, marker=marker, label=name)
    axes.axhline(limit, color=MUTED, ls=":", label="limit of one core")
    axes.set(xscale="log", yscale="log", xlabel="batch size", ylabel="images per second")
    sizes = list(next(iter(speeds.values())))
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend()
    return Picture((figure,), alt, caption)
