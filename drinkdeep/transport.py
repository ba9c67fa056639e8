"""How a value crosses from a student's kernel to the judge: as data, never as an object.

:func:`encode` and :func:`decode` turn numbers, text, containers and tensors into JSON and back.
A tensor crosses by its values, however it lies in memory. What is none of these crosses as its name
alone, as :class:`Other`. Nothing that comes back is executed, so a submission can answer wrongly
but can't act on the judge.

:func:`serve` is what the judge has a student's kernel run.
"""

import asyncio
import base64
import json
import math
import pickle
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from drinkdeep.checks import Raised, with_article
from drinkdeep.notebook.surrogates import mended

LIMIT = 16 * 2**20
"""The largest encoded value, in characters."""

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
        torch.float16, torch.bfloat16, torch.float32, torch.float64,
    )
}  # fmt: skip
_DEEPEST = 30


class TransportError(ValueError):
    """A text is no encoded value, or a value is too large."""


@dataclass(frozen=True)
class Other:
    """A value that doesn't cross; ``kind`` is its class's name, or says what tensor it is."""

    kind: str

    def __repr__(self) -> str:
        """As the student would say it."""
        return with_article(self.kind)


def encode(value: Any) -> str:
    """Write the value as JSON. Raises :class:`TransportError` if it is too large or too deep."""
    text = json.dumps(_pack(value, 0))
    if len(text) > LIMIT:
        raise TransportError(f"The value is too large: more than {LIMIT // 2**20} MB.")
    return text


def _pack(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise TransportError("The value is nested too deeply.")
    if value is None or type(value) is bool:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if type(value) is int:
        # JSON's readers refuse very long numbers; no exercise has one.
        return value if abs(value) < 2**63 else {"other": "very large int"}
    if isinstance(value, float):
        return {"float": float.hex(value)}
    if isinstance(value, Tensor):
        return _pack_tensor(value)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        return _pack_array(value)
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, Raised):
        return {"raised": {"kinds": list(value.kinds), "message": value.message[:2000]}}
    for kind, name in ((dict, "dict"), (list, "list"), (tuple, "tuple")):
        if isinstance(value, kind):
            items = value.items() if isinstance(value, dict) else value
            return {name: [_pack(item, depth + 1) for item in items]}
    return {"other": type(value).__name__}


def _pack_array(array: "np.ndarray[Any, Any] | np.generic") -> Any:
    if isinstance(array, np.ma.MaskedArray):
        return {"other": "NumPy array with masked entries"}
    if array.dtype.itemsize > 8:  # longdouble, which is no Python number either
        array = array.astype(np.float64)
    if isinstance(array, np.generic):
        return _pack(array.item(), 0)
    _refuse_large(array.nbytes)
    # Not ascontiguousarray(), which makes one dimension of none.
    return _pack_tensor(torch.from_numpy(np.array(array, dtype=array.dtype.newbyteorder("="))))


def _pack_tensor(tensor: Tensor) -> Any:
    _refuse_large(tensor.numel() * tensor.element_size())
    name = str(tensor.dtype).removeprefix("torch.")
    kind = str(tensor.layout).removeprefix("torch.").strip("_")
    if tensor.is_meta:
        return {"other": "meta tensor, which has a shape and no numbers"}
    if tensor.is_nested:
        return {"other": "nested tensor"}
    if tensor.is_complex():
        return {"other": "tensor of complex numbers"}
    try:
        flat = _flat(tensor.detach())
        name = str(flat.dtype).removeprefix("torch.")
        content = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    except (RuntimeError, NotImplementedError):  # such as what torch.vmap hands to its function
        return {"other": f"tensor without numbers of its own ({kind}, {name})"}
    if name not in DTYPES:
        return {"other": f"tensor of {name}"}
    return {
        "tensor": {
            "dtype": name,
            "shape": list(tensor.shape),
            "data": base64.b64encode(content).decode(),
        }
    }


def _flat(tensor: Tensor) -> Tensor:
    """Return a tensor's numbers, however it is laid out, in the order of its axes, one by one."""
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    # A copy, and no contiguous(): that takes any stride of an axis of size 1 for good.
    copy = tensor.cpu().clone(memory_format=torch.contiguous_format)
    return copy.resolve_neg().reshape(-1)


def _refuse_large(size: int) -> None:
    if size > LIMIT:
        raise TransportError(f"The tensor is too large: {size / 2**20:.0f} MB.")


def decode(text: str) -> Any:
    """Read the value of a JSON text.

    Raises :class:`TransportError` for whatever :func:`encode` doesn't make, and never anything
    else: the text may come from somebody who means harm.
    """
    if len(text) > LIMIT:
        raise TransportError("The text is too large.")
    try:
        return _unpack(mended(json.loads(text)), 0)
    except TransportError:
        raise
    except (ValueError, TypeError, KeyError, RuntimeError, RecursionError, OverflowError) as error:
        raise TransportError(f"This is no encoded value: {error}") from None


def _unpack(node: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise TransportError("The value is nested too deeply.")
    if node is None or type(node) in (bool, int, str):
        return node
    if not isinstance(node, dict) or len(node) != 1:
        raise TransportError("This is no encoded value.")
    ((kind, content),) = node.items()
    if kind == "float":
        return float.fromhex(content)
    if kind == "tensor":
        return _unpack_tensor(content)
    if kind == "dtype":
        return DTYPES[content]
    if kind == "raised":
        return Raised(tuple(map(str, content["kinds"])), str(content["message"]))
    if kind == "other":
        return Other(str(content)[:100])
    if kind not in ("list", "tuple", "dict"):
        raise TransportError("This is no encoded value.")
    items = [_unpack(item, depth + 1) for item in content]
    return {"list": list, "tuple": tuple, "dict": dict}[kind](items)


def _unpack_tensor(content: dict[str, Any]) -> Tensor:
    dtype, shape = DTYPES[content["dtype"]], content["shape"]
    if not all(type(size) is int and size >= 0 for size in shape):
        raise TransportError("A size is no whole number.")
    data = bytearray(base64.b64decode(content["data"], validate=True))
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise TransportError("A tensor's data don't fill its shape.")
    # Bytes that are neither 0 nor 1 would be a bool that is neither False nor True.
    if dtype == torch.bool:
        return torch.tensor([byte != 0 for byte in data], dtype=dtype).reshape(shape)
    return (
        torch.frombuffer(data, dtype=dtype).reshape(shape)
        if data
        else torch.empty(shape, dtype=dtype)
    )


def is_plain(value: Any) -> bool:
    """Return whether a tensor is no more than its values in their order, shared with no other."""
    return (
        type(value) is Tensor
        and str(value.dtype).removeprefix("torch.") in DTYPES
        and (value.layout, value.device.type) == (torch.strided, "cpu")
        and not (value.requires_grad or value._is_view() or value.is_neg() or value.is_inference())
        and value.is_contiguous()
        and value.untyped_storage().nbytes() == value.numel() * value.element_size()
        and not vars(value)
    )


def plain_tensor(content: bytes, dtype: str, shape: tuple[int, ...]) -> Tensor:
    """Such a tensor of its bytes."""
    if not content:
        return torch.empty(shape, dtype=DTYPES[dtype])
    # A copy, whose memory is its own.
    return torch.frombuffer(bytearray(content), dtype=DTYPES[dtype]).reshape(shape).clone()


def serve(address: str) -> None:
    """From now on, answer the judge's questions whenever the kernel has nothing else to do.

    Runs in the student's kernel, and connects to the socket at ``address``. A question is a line of
    JSON with the arguments of :func:`_answer`, and an answer is a line as well.
    """
    from IPython import get_ipython

    kernel = asyncio.get_running_loop()
    line = socket.socket(socket.AF_UNIX)
    line.connect(address)
    questions = line.makefile(encoding="utf-8")

    def answer() -> None:
        # Between two cells a kernel ignores interrupts.
        ignoring = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            line.sendall(f"{_answer(**json.loads(questions.readline()))}\n".encode())
            # As after a cell: what was drawn meanwhile is not to be shown with the next one.
            get_ipython().events.trigger("post_execute")
        except BaseException:  # the judge has hung up, or a student's code has changed something
            kernel.remove_reader(line)
            questions.close()
            line.close()
        finally:
            signal.signal(signal.SIGINT, ignoring)

    kernel.add_reader(line, answer)


def _answer(expression: str, shipped: str) -> str:
    """Return the value of an expression among the student's names, encoded.

    ``shipped`` holds the test's own names in the expression, a dict pickled by the judge and
    written in base64. An exception is a value as well, :class:`Raised`.
    """
    from IPython import get_ipython

    try:
        given: dict[str, Any] = pickle.loads(base64.b64decode(shipped))
        # A function, and no plain eval(): a lambda in the expression must see the parameters too.
        function: Callable[..., Any] = eval(
            f"lambda {', '.join(given)}: (\n{expression}\n)", get_ipython().user_ns
        )
        return encode(function(**given))
    except BaseException as error:
        return encode(Raised.by(error))
