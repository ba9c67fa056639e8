"""Checks say what is wrong in words, forgive what is not asked, and accept nothing by chance."""

import math

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from drinkdeep import checks
from drinkdeep.checks import (
    Miss,
    Raised,
    attempt,
    difference,
    expect,
    expect_answer,
    expect_at_least,
    expect_faster,
    expect_kind,
    expect_one_of,
    expect_raises,
    expect_shape,
    fresh,
    observe,
    part,
    stopwatch,
)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (2.5, 2.5),
        (torch.tensor(2.5), 2.5),
        (torch.tensor([[2.5]], dtype=torch.float64), 2.5),
        (2.5, torch.tensor([2.5])),
        (np.float32(2.5), 2.5),
        (2.5 * (1 + 1e-5), 2.5),
        (3, 3.0),
        (3.0, 3),
        ([1.0, 2.0], torch.tensor([1, 2])),
        (torch.ones(4, 1), torch.ones(4)),
        (torch.tensor([1.0, 2.0], requires_grad=True), [1, 2]),
        ((1, [2.0, "a"]), [1, (2.0, "a")]),
        ({"W": torch.zeros(2)}, {"W": [0, 0]}),
        (math.nan, math.nan),
        (math.inf, math.inf),
        (True, True),
        (torch.tensor([True, False]), [True, False]),
        (torch.float32, torch.float32),
        (None, None),
    ],
)
def test_a_right_value_may_be_written_differently(value: object, wanted: object) -> None:
    assert difference(value, wanted) is None
    expect(value, wanted, hint="Think.")


@pytest.mark.parametrize(
    ("value", "wanted", "said"),
    [
        (2.6, 2.5, "It is 2.6; it should be 2.5."),
        (None, 2.5, "is there a `return`?"),
        (None, [1, 2], "is there a `return`?"),
        (torch.zeros(2), (torch.zeros(2), torch.zeros(3)), "it should be a list or tuple of 2"),
        ("2.5", 2.5, "It is '2.5'; it should be a number."),
        (True, 1, "it should be a number"),
        (1, True, "it should be True or False"),
        (0.0, False, "it should be True or False"),
        (math.nan, 2.5, "It is nan"),
        (math.inf, 1e300, "It is inf"),
        (torch.zeros(2), torch.zeros(3), "The shape is (2,); it should be (3,)."),
        (torch.zeros(2, 3), torch.zeros(3, 2), "The shape is (2, 3); it should be (3, 2)."),
        (torch.empty(0), torch.zeros(3), "The shape is (0,)"),
        (torch.tensor([1.0, 5.0]), torch.tensor([1.0, 2.0]), "At [1] it is 5; it should be 2."),
        ([1], [1, 2], "There is 1 item; there should be 2."),
        ([1, 3], [1, 2], "In item 1: it is 3; it should be 2."),
        ([torch.zeros(2)], [torch.ones(2)], "In item 0, at [0] it is 0; it should be 1."),
        ({}, {"W": 1}, "It is an empty dict; it should be a dict with the key 'W'"),
        ((1, 2), {"W": 1, "b": 2}, "It is (1, 2); it should be a dict with the keys 'W' and 'b'."),
        (
            (torch.zeros(2), torch.zeros(2)),
            {"W": 1, "b": 2, "x": 3},
            "It is a tuple of 2 items; it should be a dict with the keys 'W', 'b' and 'x'.",
        ),
        ({"dW": 1, "b": 2}, {"W": 1, "b": 2}, "Its keys are 'dW' and 'b'"),
        ({"dW": 1, "b": 2}, {"W": 1, "b": 2}, "'W' is missing."),
        ({"W": 1, "b": 1}, {"W": 1}, "The key 'b' should not be there."),
        ("squared", "absolute", "It is 'squared'; it should be 'absolute'."),
        (Raised(("ValueError",), "no"), 2.5, "Your code raised ValueError: no"),
        ([[1], [2, 3]], 2.5, "it should be a number"),
        (torch.zeros(2), None, "it should be None"),
    ],
)
def test_a_wrong_value_is_told_from_the_right_one(value: object, wanted: object, said: str) -> None:
    assert said in str(difference(value, wanted))


class Equal:
    """Says of everything that it is equal."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@pytest.mark.parametrize("wanted", [0, 1.0, True, "a", None, torch.zeros(2), [1], {"a": 1}])
def test_what_is_equal_to_everything_is_not_right(wanted: object) -> None:
    assert difference(Equal(), wanted) is not None


def test_the_shape_counts_when_it_is_asked_for() -> None:
    assert difference(torch.ones(4, 1), torch.ones(4), exact_shape=True) is not None


def test_a_known_mistake_is_answered_in_its_own_words() -> None:
    mistakes = [(5.0, "You forgot to divide."), (-2.5, "The sign is wrong.")]
    with pytest.raises(Miss, match="You forgot to divide"):
        expect(5.0, 2.5, hint="Think again.", mistakes=mistakes)
    with pytest.raises(Miss, match="Think again"):
        expect(7.0, 2.5, hint="Think again.", mistakes=mistakes)


def test_a_miss_is_shown_without_a_traceback() -> None:
    shell = InteractiveShell.instance()
    shell.run_cell("from drinkdeep.checks import expect, Miss")
    result = shell.run_cell("expect(1, 2, hint='Count again.')", silent=True)
    assert isinstance(result.error_in_exec, Miss)
    lines = result.error_in_exec._render_traceback_()
    assert lines == ["✗ Count again.", "  It is 1; it should be 2."]


def test_a_question_without_an_answer_is_a_task_to_be_done() -> None:
    for check in (expect_answer, expect_one_of):
        with pytest.raises(NotImplementedError, match="not answered yet"):
            check(None, [1], hint="Count.")
    with pytest.raises(NotImplementedError, match="not answered yet"):
        expect_kind(None, bool, hint="True or False.")


def test_short_answers() -> None:
    expect_answer(0.333, 1 / 3, hint="A third.")
    with pytest.raises(Miss, match="A third"):
        expect_answer(0.25, 1 / 3, hint="A third.")
    expect_kind(True, bool, hint="True or False.")
    with pytest.raises(Miss, match="True or False"):
        expect_kind(1, bool, hint="True or False.")
    expect_one_of("b", ("a", "b"), hint="One of two.")
    with pytest.raises(Miss, match="it should be one of 'a', 'b'"):
        expect_one_of("c", ("a", "b"), hint="One of two.")


def test_at_least() -> None:
    expect_at_least(torch.tensor(0.98), 0.98, hint="More.")
    for value in (0.97, math.nan, True, "1", None, torch.ones(2)):
        with pytest.raises(Miss, match="More"):
            expect_at_least(value, 0.98, hint="More.")


def test_shapes() -> None:
    expect_shape(torch.zeros(2, 3), (2, 3), hint="Two rows.")
    for value in (torch.zeros(3, 2), [[0, 0, 0]] * 2, None):
        with pytest.raises(Miss, match="Two rows"):
            expect_shape(value, (2, 3), hint="Two rows.")


def test_exceptions_are_values() -> None:
    def fail(kind: type[Exception]) -> object:
        raise kind("no")

    expect_raises(attempt(lambda: fail(ValueError)), ValueError, hint="Refuse it.")
    expect_raises(attempt(lambda: fail(KeyError)), LookupError, hint="Refuse it.")
    with pytest.raises(Miss, match="nothing was"):
        expect_raises(attempt(lambda: 1), ValueError, hint="Refuse it.")
    with pytest.raises(Miss, match="TypeError: no"):
        expect_raises(attempt(lambda: fail(TypeError)), ValueError, hint="Refuse it.")
    expect_raises(
        attempt(lambda: fail(NotImplementedError)), NotImplementedError, hint="A library's own."
    )


def test_a_stub_is_a_task_to_be_done_and_a_librarys_error_is_none() -> None:
    notebook = {"__name__": "__main__"}
    exec("def stub():\n    raise NotImplementedError()", notebook)
    with pytest.raises(NotImplementedError):
        attempt(notebook["stub"])
    for action in (
        lambda: torch.softmax(torch.ones(2).long(), dim=0),
        lambda: torch.nn.Module()(1),
        lambda: torch.optim.Optimizer([torch.ones(1)], {}).step(),
    ):
        seen = attempt(action)
        assert isinstance(seen, Raised)
        assert not seen.is_stub


def test_times() -> None:
    assert 0 <= stopwatch(lambda: None) < 1
    right = {"hint": "Without a loop.", "result": 4.0, "wanted": 4.0}
    expect_faster(0.1, 1.0, **right)
    with pytest.raises(Miss, match="Without a loop"):
        expect_faster(2.0, 1.0, **right)
    with pytest.raises(Miss, match="Without a loop"):
        expect_faster(Raised(("ValueError",), ""), 1.0, **right)
    with pytest.raises(Miss, match="has to be right as well"):
        expect_faster(0.1, 1.0, **{**right, "result": 5.0})


def test_an_exception_may_have_to_name_shapes() -> None:
    shapes = ((6, 1), (5,))
    for text in ("(6, 1) and (5,)", "torch.Size([6, 1]), [5]", "6x1 is not 5", "5 against 6 by 1"):
        expect_raises(Raised(("ValueError",), text), ValueError, hint="Refuse.", shapes=shapes)
    for text in ("shapes differ", "(6, 1) differs", "(1, 6) and (5,)", "61 and 5"):
        with pytest.raises(Miss, match="should name both shapes"):
            expect_raises(Raised(("ValueError",), text), ValueError, hint="Refuse.", shapes=shapes)


@pytest.mark.parametrize(
    ("found", "given"),
    [
        ({"W": 1, "b": 2}, 2),
        ({"dW": 1, "db": 2}, 2),
        ((1, 2), 2),
        ([1, 2], 2),
        (Raised(("ValueError",), "no"), Raised(("ValueError",), "no")),
    ],
)
def test_a_part_is_found_in_a_dict_or_in_a_tuple_in_its_order(found: object, given: object) -> None:
    assert part(found, "b", ("W", "b")) == given


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((1, 2, 3), "It is a tuple of 3 items."),
        ({"W": 1, "bias": 2}, "It is a dict of 2 items without 'b'."),
        (None, "It is None."),
        (3.0, "It is a number."),
    ],
)
def test_a_part_that_is_not_where_it_was_asked_for_is_answered_by_what_was_asked(
    found: object, said: str
) -> None:
    with pytest.raises(Miss) as miss:
        expect(part(found, "b", ("W", "b")), 2, hint="Mathematics.")
    assert str(miss.value) == f"✗ Return a dict with the keys 'W' and 'b'.\n  {said}"
    with pytest.raises(Miss, match="Return 2 things, in a tuple"):
        expect(part(3.0, 0, (0, 1)), 2, hint="Mathematics.")


def test_a_tensor_of_so_many_numbers_will_do_for_a_tuple() -> None:
    expect(part(torch.tensor([3.0, 4.0]), 1, (0, 1)), 4.0, hint="Mathematics.")
    for other in (torch.zeros(3), torch.zeros(2, 2), torch.tensor(3.0)):
        with pytest.raises(Miss, match="Return 2 things, in a tuple"):
            expect(part(other, 0, (0, 1)), 0, hint="Mathematics.")


def test_what_is_wrong_in_form_is_said_without_a_number() -> None:
    finding = expect.explain([torch.zeros(2), 3.0], {"W": 1}, hint="Think.")
    assert finding is not None
    assert finding.form == "It is a list of 2 items; it should be a dict with the key 'W'."
    finding = expect.explain([0.123, 4], torch.zeros(3, 2), hint="Think.")
    assert finding is not None
    assert "0.123" not in finding.form
    finding = expect.explain(0.123, 4.0, hint="Think.")
    assert finding is not None
    assert finding.form == ""


def test_a_notebook_sees_what_the_judge_sees() -> None:
    array = np.array([[1.0, 2.0]])
    for seen in (observe(array), attempt(lambda: array)):
        assert isinstance(seen, torch.Tensor)
        assert seen.tolist() == [[1.0, 2.0]]
    assert repr(observe(Equal())) == "an Equal"
    assert "too large" in str(observe(torch.zeros(2**23)))


def test_in_a_notebook_random_numbers_stay_the_same() -> None:
    assert torch.equal(torch.rand(3, generator=fresh(1)), torch.rand(3, generator=fresh(1)))
    assert not torch.equal(torch.rand(3, generator=fresh(1)), torch.rand(3, generator=fresh(2)))


def test_every_check_has_a_role() -> None:
    roles = {name: getattr(checks, name).role for name in dir(checks) if name.startswith("expect")}
    assert set(roles.values()) == {"value", "support", "answer", "form"}
