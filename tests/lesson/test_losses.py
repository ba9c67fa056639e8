"""What the figures of the losses chapter say is what float32 does."""

import pytest

from drinkdeep.figures import losses


def test_a_moving_average_begins_at_the_first_value() -> None:
    assert losses.moving_average([4.0, 2.0, 0.0, 8.0], 2) == [4.0, 3.0, 1.0, 4.0]
    assert losses.moving_average([4.0, 2.0], 50) == [4.0, 3.0]


@pytest.mark.parametrize(
    ("factor", "naive"),
    [(1.0, "the same"), (30.0, "the same"), (50.0, "inf")],
)
def test_the_caption_says_where_plain_exponentials_fail(factor: float, naive: str) -> None:
    caption = losses.scores_to_loss(-1.0, 2.0, 0.5, factor).caption
    assert caption.endswith(f"in float32: {naive}.")


def test_an_overflowing_right_class_is_not_a_number() -> None:
    assert losses.scores_to_loss(10.0, 0.0, 0.0, 10.0).caption.endswith("in float32: nan.")


def test_the_words_give_the_gradient_and_the_loss() -> None:
    # Equal scores: each probability is 1/3, and the loss is ln 3.
    alt = losses.scores_to_loss(0.0, 0.0, 0.0).alt
    assert "-0.667, +0.333, +0.333" in alt
    assert "The loss is 1.099 nats." in alt
