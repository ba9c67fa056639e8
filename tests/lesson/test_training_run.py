"""The pictures of a training run show the run's own numbers."""

import pytest
import torch
from torch import nn

from drinkdeep import models, training
from drinkdeep.figures import training_run
from drinkdeep.training import Evaluation


def test_the_bars_are_the_means_of_their_epochs() -> None:
    losses = torch.rand(12, generator=torch.Generator().manual_seed(0)).tolist()
    picture = training_run.run_curve(losses, [2.0, 1.0, 0.5, 0.4], steps=4, alt="A run.")
    (axes,) = picture.panels[0].axes
    _, *bars, dots = axes.lines
    wanted = torch.tensor(losses).view(3, 4).mean(dim=1)
    for epoch, (bar, mean) in enumerate(zip(bars, wanted.tolist(), strict=True)):
        assert list(bar.get_xdata()) == [epoch, epoch + 1]
        assert list(bar.get_ydata()) == pytest.approx([mean, mean])
    assert list(dots.get_ydata()) == [2.0, 1.0, 0.5, 0.4]


def test_the_confusion_matrix_shows_counts_and_recall() -> None:
    labels = torch.arange(10).repeat(20)
    answers = labels.clone()
    answers[:10:2] = 1  # one each of the digits 0, 2, 4, 6 and 8 is read as a 1
    counts = torch.bincount(labels * 10 + answers, minlength=100).view(10, 10)
    matrix, chart = training_run.confusion_matrix(counts, alt="Counts.").panels
    written = {text.get_position(): text.get_text() for text in matrix.axes[0].texts}
    assert written == {
        (answer, label): str(count)
        for label, row in enumerate(counts.tolist())
        for answer, count in enumerate(row)
        if count
    }
    assert [text.get_text() for text in chart.axes[0].texts] == ["95%", "100%"] * 5


def test_a_run_tells_loss_accuracy_and_hardest_digits() -> None:
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(200, 784, generator=generator), torch.arange(200) % 10
    models_of_run = [models.article_model(seed) for seed in (0, 1)]
    standing = [Evaluation(2.31, 0.1), Evaluation(2.29, 0.2)]
    states = [model.state_dict() for model in models_of_run]
    picture = training_run.Run(states, standing, images, labels).at_epoch(1)

    result = training.evaluate(models_of_run[1], [(images, labels)], nn.NLLLoss())
    assert "loss 2.29" in picture.caption
    assert f"{round(200 * result.accuracy)} of 200 test digits right" in picture.caption

    output = models_of_run[1](images)
    hardest = nn.functional.nll_loss(output, labels, reduction="none").topk(9).indices
    wanted = [f"{labels[i]}→{output[i].argmax()}" for i in hardest]
    assert [text.get_text() for text in picture.panels[2].axes[0].texts] == wanted


def test_the_mosaic_keeps_every_tile_in_its_place() -> None:
    states = [models.article_model(seed).state_dict() for seed in (0, 1)]
    images, labels = torch.zeros(10, 784), torch.arange(10)
    standing = [Evaluation(2.3, 0.1)] * 2
    picture = training_run.Run(states, standing, images, labels).at_epoch(1)
    tiles = torch.tensor(picture.panels[1].axes[0].images[0].get_array())  # (124, 124, 4)

    change = states[1]["0.weight"] - states[0]["0.weight"]
    units = change.norm(dim=1).topk(16).indices
    last = change[units[15]].view(28, 28)
    shown = tiles[3 * 31 : 3 * 31 + 28, 3 * 31 : 3 * 31 + 28]
    strength = change[units].abs().quantile(0.995)
    torch.testing.assert_close(shown[..., 3], (last.abs() / strength).clamp(max=1))
    assert (tiles[28:31] == 0).all()  # the gaps are transparent


def test_each_loop_stands_beside_the_reference() -> None:
    sound = ([2.0, 1.0, 1.0, 0.0], [0.5, 0.9])
    flat = ([2.0, 2.0, 2.0, 2.0], [0.1, 0.1])
    first, second = training_run.loops({"sound": sound, "A": flat}, alt="Loops.").panels
    assert [len(axes.lines) for axes in first.axes] == [1, 1]
    for axes, reference, values in zip(
        second.axes, ([1.5, 0.5], [0.5, 0.9]), ([2.0, 2.0], [0.1, 0.1]), strict=True
    ):
        assert [list(line.get_ydata()) for line in axes.lines] == [reference, values]
