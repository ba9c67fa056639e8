"""The names of a test's own, on their way to a student's kernel."""

import base64
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

from drinkdeep.grading.judging.shipping import shipped
from drinkdeep.transport import DTYPES, is_plain


def arrived(**names: Any) -> dict[str, Any]:
    """What the kernel has of them."""
    found: dict[str, Any] = pickle.loads(base64.b64decode(shipped(names)))
    return found


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (1, 0, 2)])
def test_a_tensor_arrives_as_it_is(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = torch.arange(6)[: torch.Size(shape).numel()].reshape(shape).to(dtype).clone()
    assert is_plain(tensor)
    there = arrived(x=tensor)["x"]
    assert (there.dtype, there.shape) == (dtype, tensor.shape)
    assert torch.equal(there, tensor)
    there.resize_(7)  # it is like any other, and has its own memory
    assert tensor.numel() < 7


def odd_ones() -> dict[str, Tensor]:
    base = torch.arange(6.0).reshape(2, 3)
    named = base.clone()
    named.label = "mine"  # type: ignore[attr-defined]
    return {
        "a view": base[0],
        "strides": base.T.clone(),
        "a slope": base.clone().requires_grad_(),
        "a parameter": torch.nn.Parameter(base.clone()),
        "complex": torch.tensor(1j),
        "a part": torch.empty(9).set_(torch.arange(9.0).untyped_storage(), 2, (3,)),
        "an attribute": named,
    }


@pytest.mark.parametrize("name", odd_ones())
def test_what_is_more_than_its_values_arrives_with_all_that_it_is(name: str) -> None:
    tensor = odd_ones()[name]
    assert not is_plain(tensor)
    there = arrived(x=tensor)["x"]
    assert type(there) is type(tensor)
    assert torch.equal(there, tensor)
    assert (there.stride(), there.requires_grad) == (tensor.stride(), tensor.requires_grad)
    assert vars(there) == vars(tensor)


def test_what_is_one_here_is_one_there() -> None:
    one = torch.ones(2)
    there = arrived(a=one, b=[one])
    assert there["a"] is there["b"][0]


def test_functions_and_modules_arrive() -> None:
    there = arrived(torch=torch, double=lambda x: 2 * x)
    assert there["torch"] is torch
    assert there["double"](3) == 6
    assert arrived() == {}
