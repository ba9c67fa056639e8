"""Values cross from the student's kernel as data: whole, bounded, and nothing that acts."""

import json
import math

import numpy as np
import pytest
import torch

from drinkdeep.checks import Raised
from drinkdeep.transport import DTYPES, LIMIT, Other, TransportError, decode, encode


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -3, 2**62, 0.1, math.inf, -0.0, "täxt", [1, [2.5, "a"]], (1, ()), {2: [None]}],
)
def test_plain_values_cross_unchanged(value: object) -> None:
    back = decode(encode(value))
    assert back == value
    assert type(back) is type(value)


def test_nan_crosses() -> None:
    assert math.isnan(decode(encode(math.nan)))


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (3,), (2, 1, 3)], ids=str)
def test_tensors_cross_unchanged(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = (torch.randn(shape) * 3).to(dtype)
    back = decode(encode(tensor))
    assert back.dtype == dtype
    assert back.shape == tensor.shape
    assert torch.equal(back, tensor)


def test_what_is_like_a_tensor_crosses_as_one() -> None:
    strided = torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(decode(encode(strided)), strided)
    parameter = torch.nn.Parameter(torch.ones(2))
    assert torch.equal(decode(encode(parameter)), torch.ones(2))
    assert torch.equal(decode(encode(np.arange(3.0))), torch.arange(3.0, dtype=torch.float64))
    assert decode(encode(np.float64(0.5))) == 0.5
    assert decode(encode(torch.Size([2, 3]))) == (2, 3)
    assert decode(encode(torch.float16)) == torch.float16


def test_exceptions_cross_as_their_names_and_text() -> None:
    assert decode(encode(Raised.by(KeyError("a")))) == Raised.by(KeyError("a"))


@pytest.mark.parametrize("value", [object(), len, {1, 2}, 1 + 2j, 10**30, torch.nn.Linear(1, 1)])
def test_of_anything_else_only_the_name_crosses(value: object) -> None:
    assert isinstance(decode(encode(value)), Other)


def test_what_is_too_large_or_too_deep_is_refused() -> None:
    with pytest.raises(TransportError, match="too large"):
        encode(torch.zeros(LIMIT))
    with pytest.raises(TransportError, match="too large"):
        encode("x" * (LIMIT + 1))
    nested: list[object] = []
    nested.append(nested)
    with pytest.raises(TransportError, match="too deeply"):
        encode(nested)


BAD_TENSOR = {"dtype": "float32", "shape": [2], "data": "AAAA"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "1.5",
        "NaN",
        "[1]",
        '{"list": 1}',
        '{"dict": [1]}',
        '{"dict": [{"list": [{"list": []}, 1]}]}',
        '{"float": 1}',
        '{"float": "x"}',
        '{"dtype": "object"}',
        '{"raised": {}}',
        '{"module": "os"}',
        '{"list": [], "tuple": []}',
        json.dumps({"tensor": BAD_TENSOR}),
        json.dumps({"tensor": {**BAD_TENSOR, "shape": [-1]}}),
        json.dumps({"tensor": {**BAD_TENSOR, "shape": [True]}}),
        json.dumps({"tensor": {**BAD_TENSOR, "shape": ["2"]}}),
        json.dumps({"tensor": {**BAD_TENSOR, "shape": 2}}),
        json.dumps({"tensor": {**BAD_TENSOR, "data": "!"}}),
        json.dumps({"tensor": {**BAD_TENSOR, "dtype": "void"}}),
        '{"list": [' * 100 + "]}" * 100,
        "9" * 5000,
        "[" * 100_000,
        '"' + "x" * LIMIT + '"',
    ],
    ids=lambda text: text[:40],
)
def test_a_text_that_is_no_value_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(TransportError):
        decode(text)


def test_a_bool_is_false_or_true_whatever_its_byte_is() -> None:
    odd = {"tensor": {"dtype": "bool", "shape": [3], "data": "AAIB"}}
    assert decode(json.dumps(odd)).tolist() == [False, True, True]
