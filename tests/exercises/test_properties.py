"""What holds for values of every kind, drawn by Hypothesis: crossing as data, and comparing."""

import json
import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from drinkdeep.checks import difference
from drinkdeep.transport import DTYPES, Other, TransportError, decode, encode

# The same draws on every machine, and no clock: a busy machine is no fault.
steady = settings(deadline=None, derandomize=True, database=None, max_examples=60)

numbers = st.floats(allow_nan=False) | st.integers(-(2**63) + 1, 2**63 - 1) | st.booleans()
plain = st.none() | numbers | st.text()
shapes = st.lists(st.integers(0, 3), max_size=3)


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    dtype = draw(st.sampled_from(sorted(DTYPES.values(), key=str)))
    seed = draw(st.integers(0, 2**32))
    values = 4 * torch.randn(draw(shapes), generator=torch.Generator().manual_seed(seed))
    return values.to(dtype)


values = st.recursive(
    plain | tensors(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text() | st.integers(-9, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


def alike(one: Any, other: Any) -> bool:
    """Of the same types, and equal in every bit that counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Tensor):
        return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


@steady
@given(values)
def test_what_crosses_comes_back_as_it_was(value: Any) -> None:
    assert alike(decode(encode(value)), value)


@steady
@given(st.text() | st.from_regex(r'\{"(tensor|list|dict|float|dtype|raised|other)": .{0,40}\}'))
def test_any_text_is_a_value_or_is_refused(text: str) -> None:
    try:
        value = decode(text)
    except TransportError:
        return
    assert alike(decode(encode(value)), value) or isinstance(value, Other | float)


@pytest.mark.parametrize("size", [-1, 1.0, True, "1", None])
def test_a_size_is_a_whole_number_of_at_least_zero(size: object) -> None:
    for shape in ([size], [size, size]):
        content = {"dtype": "uint8", "shape": shape, "data": "AA=="}
        with pytest.raises(TransportError, match=r"size|fill"):
            decode(json.dumps({"tensor": content}))


@steady
@given(st.text(min_size=1, max_size=300))
def test_the_name_of_what_can_t_cross_is_short(name: str) -> None:
    assert decode(json.dumps({"other": name})) == Other(name[:100])


def test_whole_numbers_cross_up_to_their_bound() -> None:
    for number in (2**63 - 1, 1 - 2**63):
        assert decode(encode(number)) == number
    for number in (2**63, -(2**63), 10**5000):
        assert decode(encode(number)) == Other("very large int")


@steady
@given(values.filter(lambda value: not isinstance(value, Tensor) or value.numel() > 0))
def test_nothing_differs_from_itself(value: Any) -> None:
    assert difference(value, value) is None


@steady
@given(st.integers(-(2**53), 2**53), st.integers(1, 9))
def test_whole_numbers_are_compared_exactly(number: int, off: int) -> None:
    assert difference(number, number) is None
    assert difference(number + off, number) is not None


@steady
@given(st.floats(-1e6, 1e6), st.floats(1e-2, 1e6))
def test_a_number_that_is_off_differs_and_rounding_does_not(number: float, off: float) -> None:
    off = max(off, 1e-2 * abs(number))
    assert difference(number + off, number) is not None
    assert difference(math.nextafter(number, math.inf), number) is None


@steady
@given(st.lists(numbers, min_size=1, max_size=4))
def test_a_list_that_lacks_an_item_differs(items: list[Any]) -> None:
    assert difference(items[:-1], items) is not None


def test_an_empty_dict_is_compared_too() -> None:
    assert difference({}, {}) is None
    assert difference({"a": 1}, {}) == "The key 'a' should not be there."
    assert "an empty dict" in (difference(1, {}) or "")
