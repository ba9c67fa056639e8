"""Runs in processes of their own give what the loop gives here, and shifted images are shifts."""

import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import TensorDataset

from drinkdeep import mnist, models, recipes
from drinkdeep.recipes import Recipe, Shifted, train_all, warm_up_then_cosine
from drinkdeep.training import History, train

BACKGROUND = -1.0


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with recipes.workers(2) as started:
        yield started


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(lr: float) -> Recipe:
    return Recipe(partial(SGD, lr=lr), batch_size=64, epochs=2, examples=200)


def here(lr: float, seed: int) -> tuple[History, nn.Module]:
    """The same run, written out in this process."""
    data = mnist.loaders(1000, flatten=True)
    part = TensorDataset(*(tensor[:200] for tensor in data.train.dataset.tensors))
    batches = mnist.Batches(part, 64, shuffle=True, seed=seed, flatten=True)
    model = models.logits_model(seed)
    optimizer = SGD(model.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    return train(model, batches, criterion, optimizer, 2, validation=data.validation), model


@pytest.mark.slow
def test_a_run_is_the_same_in_another_process(pool: ProcessPoolExecutor) -> None:
    runs = train_all({"slow": small(0.01), "fast": small(0.1)}, (3, 4), pool, description="Test")
    assert list(runs) == ["slow", "fast"]
    assert [run.seed for run in runs["fast"]] == [3, 4]
    for name, lr in (("slow", 0.01), ("fast", 0.1)):
        for run in runs[name]:
            history, model = here(lr, run.seed)
            assert run.history.losses == history.losses
            assert run.history.validation_accuracies == history.validation_accuracies
            assert run.error == 100 * (1 - history.validation_accuracies[-1])
            for ours, theirs in zip(run.model.parameters(), model.parameters(), strict=True):
                assert torch.equal(ours, theirs)
    assert runs["fast"][0].history.losses != runs["fast"][1].history.losses


@pytest.mark.slow
def test_a_model_of_the_callers_may_be_a_local_function(pool: ProcessPoolExecutor) -> None:
    def linear(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return nn.Linear(784, 10)

    recipe = Recipe(partial(SGD, lr=0.01), linear, examples=200, epochs=1)
    (run,) = train_all({"linear": recipe}, (0,), pool, description="Test")["linear"]
    assert isinstance(run.model, nn.Linear)


def test_a_run_that_diverges_is_told_from_others_and_ends_nothing(
    pool: ProcessPoolExecutor,
) -> None:
    runs = train_all({"far": small(1e9), "near": small(0.1)}, (0,), pool, description="Test")
    assert all(math.isnan(loss) for loss in runs["far"][0].history.losses)
    assert runs["far"][0].error == pytest.approx(90)
    assert runs["near"][0].error < 90


def test_the_schedule_is_stepped_after_every_batch_and_ends_at_zero(
    pool: ProcessPoolExecutor,
) -> None:
    whole = Recipe(partial(SGD, lr=0.1), examples=200, epochs=3, schedule=CosineAnnealingLR)
    (run,) = train_all({"cosine": whole}, (0,), pool, description="Test")["cosine"]
    # By hand: four batches an epoch, the rate from 0.1 down the cosine.
    model = models.logits_model(0)
    optimizer = SGD(model.parameters(), lr=0.1)
    tensors = mnist.loaders(1000, flatten=True).train.dataset.tensors
    part = TensorDataset(*(tensor[:200] for tensor in tensors))
    t = 0
    batches = mnist.Batches(part, 64, shuffle=True, seed=0, flatten=True)
    for _ in range(3):
        for x, y in batches:
            optimizer.param_groups[0]["lr"] = 0.05 * (1 + math.cos(math.pi * t / 12))
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            t += 1
    assert t == whole.steps == 12
    for ours, by_hand in zip(run.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, by_hand, rtol=1e-4, atol=1e-6)


def test_the_last_steps_are_validated_and_the_last_of_them_is_the_end(
    pool: ProcessPoolExecutor,
) -> None:
    plain, watched = small(0.1), replace(small(0.1), watch=3)
    runs = train_all({"plain": plain, "watched": watched}, (0,), pool, description="Test")
    (run,) = runs["watched"]
    assert len(run.last_errors) == 3
    assert run.last_errors[-1] == pytest.approx(run.error)
    assert run.history.losses == runs["plain"][0].history.losses, "looking changes nothing"
    assert runs["plain"][0].last_errors == ()


def test_a_run_without_curves_is_validated_at_the_end_alone(pool: ProcessPoolExecutor) -> None:
    recipes = {curves: replace(small(0.1), curves=curves) for curves in (True, False)}
    runs = train_all(recipes, (0,), pool, description="Test")
    whole, end = runs[True][0], runs[False][0]
    assert len(whole.history.validation_accuracies) == recipes[True].epochs > 1
    assert end.history.validation_accuracies == whole.history.validation_accuracies[-1:]
    assert end.history.validation_losses == whole.history.validation_losses[-1:]
    assert end.history.losses == whole.history.losses
    assert end.error == whole.error


def test_a_long_gradient_is_clipped_and_a_short_one_is_not(pool: ProcessPoolExecutor) -> None:
    limits: dict[float | None, Recipe] = {
        limit: replace(small(0.1), examples=64, epochs=1, clip_norm=limit)
        for limit in (None, 1e9, 1e-3)
    }
    runs = train_all(limits, (0,), pool, description="Test")
    start = nn.utils.parameters_to_vector(models.logits_model(0).parameters())
    moved = {
        limit: (nn.utils.parameters_to_vector(run.model.parameters()) - start).norm().item()
        for limit, (run,) in runs.items()
    }
    assert moved[None] == moved[1e9]
    assert moved[1e-3] == pytest.approx(0.1 * 1e-3, rel=1e-2), "one step of α times the limit"


def test_the_rate_warms_up_evenly_and_falls_to_nothing() -> None:
    optimizer = SGD([nn.Parameter(torch.zeros(()))], lr=0.5)
    schedule = warm_up_then_cosine(optimizer, 100)
    rates = []
    for _ in range(101):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[:11] == pytest.approx([0.05 + 0.045 * k for k in range(11)])
    assert max(rates) == pytest.approx(0.5)
    assert rates[-1] == pytest.approx(0, abs=1e-6)


def test_a_shifted_image_is_one_of_the_nine_shifts_of_the_image() -> None:
    images, labels = mnist.tensors(train=False)
    data = TensorDataset(images[:300], labels[:300])
    seen = set()
    shifted = torch.cat([batch for batch, _ in Shifted(batches(data), 1)])
    for moved, image in zip(shifted, images[:300], strict=True):
        canvas = nn.functional.pad(image[0], (1, 1, 1, 1), value=BACKGROUND)
        shifts = {
            (row, column): canvas[row : row + 28, column : column + 28].flatten()
            for row in range(3)
            for column in range(3)
        }
        found = [place for place, pixels in shifts.items() if torch.equal(pixels, moved)]
        assert found
        if len(found) == 1:
            seen.add(found[0])
    assert len(seen) == 9, "all nine moves should come up in 300 images"


def test_every_pass_shifts_anew_and_the_seed_says_how() -> None:
    data = TensorDataset(*(tensor[:64] for tensor in mnist.tensors(train=False)))
    shifted = Shifted(batches(data), 1, seed=5)
    assert len(shifted) == 1
    (first, labels), (second, _) = next(iter(shifted)), next(iter(shifted))
    assert torch.equal(labels, data.tensors[1])
    assert not torch.equal(first, second)
    assert torch.equal(first, next(iter(Shifted(batches(data), 1, seed=5)))[0])


def batches(data: TensorDataset) -> mnist.Batches:
    return mnist.Batches(data, 64, flatten=True)
