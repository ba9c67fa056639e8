"""What the figures of experiments compute: calibration, and verdicts over seeds."""

import pytest
import torch
from torch import nn

from drinkdeep.figures.experiments import (
    calibration_bins,
    calibration_error,
    compare,
    last_steps,
    reliability,
    verdict,
)
from drinkdeep.recipes import Run
from drinkdeep.training import History


def answers() -> tuple[torch.Tensor, torch.Tensor]:
    """Ten answers of confidence 0.75, six of them right, and ten of 0.95, all right."""
    p = torch.tensor([[0.75, 0.25]] * 10 + [[0.05, 0.95]] * 10, dtype=torch.float64)
    labels = torch.tensor([0] * 6 + [1] * 4 + [1] * 10)
    return p, labels


def test_calibration_error_is_the_weighted_gap() -> None:
    p, labels = answers()
    # ½ · |0.6 − 0.75| + ½ · |1 − 0.95|
    assert calibration_error(p, labels) == pytest.approx(0.1)
    share, confidence, accuracy = calibration_bins(p, labels)
    assert share.nonzero().flatten().tolist() == [7, 9]
    assert confidence[[7, 9]].tolist() == pytest.approx([0.75, 0.95])
    assert accuracy[[7, 9]].tolist() == pytest.approx([0.6, 1.0])


def test_a_certain_answer_falls_into_the_last_bin() -> None:
    share, _, _ = calibration_bins(torch.tensor([[1.0, 0.0]]), torch.tensor([0]))
    assert share[-1] == 1


def test_what_is_right_as_often_as_it_is_sure_has_no_error() -> None:
    p = torch.tensor([[0.8, 0.2]] * 10, dtype=torch.float64)
    assert calibration_error(p, torch.tensor([0] * 8 + [1] * 2)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("temperature", "verdict"), [(1.0, "overconfident"), (20.0, "underconf")])
def test_reliability_says_what_the_temperature_leads_to(temperature: float, verdict: str) -> None:
    logits = torch.tensor([[5.0, 0.0]] * 10)
    picture = reliability(logits, torch.tensor([0] * 8 + [1] * 2), temperature)
    assert verdict in picture.alt
    assert verdict in picture.caption


def runs(*accuracies: float) -> list[Run]:
    return [
        Run(0, History("", [1.0] * 4, [1.0] * 4, [0.5, 0.5, 0.5, accuracy]), nn.Identity())
        for accuracy in accuracies
    ]


def test_compare_gives_a_verdict_only_where_the_seeds_do_not_overlap() -> None:
    results = {"a": runs(0.90, 0.92), "b": runs(0.93, 0.95), "c": runs(0.91, 0.94)}
    assert "every run of “b” is below every run of “a”" in (
        compare(results, "a", "b", "validation error").caption
    )
    assert "overlap" in compare(results, "a", "c", "validation error").caption


def test_a_verdict_needs_every_run_on_its_side() -> None:
    assert verdict("a", [1.0, 2.0], "b", [2.1, 3.0]) == "every run of a is below every run of b"
    assert verdict("a", [2.1, 3.0], "b", [1.0, 2.0]) == "every run of b is below every run of a"
    assert verdict("a", [1.0, 2.0], "b", [2.0, 3.0]) == "the runs of a and of b overlap"


def test_the_last_step_stands_to_the_right() -> None:
    picture = last_steps({"seed 0": [5.0, 4.0, 29.0]}, alt="One leap.")
    (line,) = picture.panels[0].axes[0].lines
    assert [tuple(point) for point in line.get_xydata()] == [(-2, 5.0), (-1, 4.0), (0, 29.0)]
