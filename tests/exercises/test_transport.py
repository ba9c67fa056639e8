"""Values cross from the student's kernel as data: whole, bounded, and nothing that acts."""

import json
import math
import warnings
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch

from drinkdeep.checks import Raised, observe
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


NUMBERS = torch.arange(24.0).reshape(2, 3, 4)
COMPLEX = torch.complex(torch.ones(3), torch.arange(3.0))

LAYOUTS = {
    "transposed": NUMBERS.transpose(0, 2),
    "channels last": torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "every other": NUMBERS[:, ::2, 1::2],
    "one number of a column": NUMBERS[0, :1, 2],
    "one row of a transpose": NUMBERS[0].T[1:2],
    "a solved system": torch.linalg.lstsq(torch.eye(3)[:, :2], torch.ones(3, 1)).solution[:1, 0],
    "expanded": torch.tensor([[1.0], [2.0]]).expand(2, 5),
    "expanded from one": torch.tensor(3.0).expand(2, 2),
    "a part of a storage": torch.arange(9)[4:6],
    "windows": torch.arange(6.0).unfold(0, 3, 1),
    "as strided": torch.arange(9.0).as_strided((1, 1, 2), (7, 5, 3)),
    "none of a column": NUMBERS[:, :0, 1],
    "negative bit": COMPLEX.conj().imag,
    "real part": COMPLEX.real,
    "viewed as real": torch.view_as_real(COMPLEX),
    "diagonal": torch.eye(3).diagonal(),
    "parameter": torch.nn.Parameter(torch.ones(2)),
    "computed": torch.ones(2, requires_grad=True) * 2,
    "made in inference mode": torch.inference_mode()(lambda: torch.ones(2))(),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_tensor_crosses_by_its_values_however_it_lies_in_memory(name: str) -> None:
    tensor = LAYOUTS[name]
    back = decode(encode(tensor))
    assert back.shape == tensor.shape
    assert back.dtype == tensor.dtype
    assert back.tolist() == tensor.tolist()
    assert observe([tensor])[0].tolist() == tensor.tolist()


@pytest.mark.parametrize("layout", ["sparse_coo", "sparse_csr", "sparse_csc", "mkldnn", "qint8"])
def test_a_tensor_that_is_stored_otherwise_crosses_as_a_plain_one(layout: str) -> None:
    plain = torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some of these are new, and others old
        if layout == "qint8":
            stored = torch.quantize_per_tensor(plain, 1.0, 0, torch.qint8)
        elif layout == "mkldnn":
            stored = plain.to_mkldnn()
        else:
            stored = plain.to_sparse(layout=getattr(torch, layout))
    assert torch.equal(decode(encode(stored)), plain)


def test_a_tensor_without_plain_numbers_is_refused_by_name() -> None:
    seen: list[object] = []
    torch.func.vmap(lambda x: (seen.append(decode(encode(x))), x)[1])(torch.ones(2, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
        jagged = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
    said = {
        "meta": decode(encode(torch.empty(2, device="meta"))),
        "complex": decode(encode(COMPLEX)),
        "nested": decode(encode(nested)),
        "jagged": decode(encode(jagged)),
        "eight": decode(encode(torch.ones(2).to(torch.float8_e5m2))),
        "inside of vmap": seen[0],
        "masked": decode(encode(np.ma.masked_array([1.0, 2.0], mask=[True, False]))),
    }
    assert {name: repr(value) for name, value in said.items()} == {
        "meta": "a meta tensor, which has a shape and no numbers",
        "complex": "a tensor of complex numbers",
        "nested": "a nested tensor",
        "jagged": "a nested tensor",
        "eight": "a tensor of float8_e5m2",
        "inside of vmap": "a tensor without numbers of its own (strided, float32)",
        "masked": "a NumPy array with masked entries",
    }


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3.0),
        np.array(2.5),
        np.arange(6).reshape(2, 3).T,
        np.arange(6.0)[::-2],
        np.array([1.0, 2.0], dtype=">f8"),
        np.array([1.0, 2.0], dtype=np.longdouble),
        np.broadcast_to(np.array([1.0]), (2, 2)),
        np.zeros((0, 2)),
        np.array([True, False]),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_a_numpy_array_crosses_as_a_tensor(array: "np.ndarray[Any, Any]") -> None:
    back = decode(encode(array))
    assert isinstance(back, torch.Tensor)
    assert back.shape == array.shape
    assert back.tolist() == array.tolist()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("nll"), "nll"),
        (torch.Size([2, 3]), (2, 3)),
        (torch.float16, torch.float16),
        (torch.tensor([1.0, 3.0]).max(dim=0), (3.0, 1)),
        (OrderedDict(a=1), {"a": 1}),
    ],
    ids=repr,
)
def test_what_is_like_a_plain_value_crosses_as_one(value: object, plain: object) -> None:
    back = decode(encode(value))
    assert type(back) is type(plain)
    assert back == plain


def test_exceptions_cross_as_their_names_and_text() -> None:
    assert decode(encode(Raised.by(KeyError("a")))) == Raised.by(KeyError("a"))


def test_of_a_text_of_an_exception_that_is_too_long_the_beginning_crosses() -> None:
    assert decode(encode(Raised(("KeyError",), "x" * 3000))).message == "x" * 2000


@pytest.mark.parametrize("value", [object(), len, {1, 2}, 1 + 2j, 10**30, torch.nn.Linear(1, 1)])
def test_of_anything_else_only_the_name_crosses(value: object) -> None:
    assert isinstance(decode(encode(value)), Other)


def test_of_a_name_that_is_too_long_the_beginning_crosses() -> None:
    value = type("N" * 1000, (), {})()
    assert decode(encode(value)) == Other("N" * 100)


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
