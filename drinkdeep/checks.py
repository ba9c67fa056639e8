"""How an exercise's test looks at an answer, and says what is wrong with it.

A test cell is plain Python. It touches the student's names only through :func:`observe`,
:func:`attempt` and :func:`stopwatch`, and gives its verdicts through the functions called
``expect…``::

    expect(
        observe(mean_squared_error(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 1.0]))),
        2.5,
        hint="Average the squared differences.",
        mistakes=[(5.0, "You added the squares up; the mean divides by their number.")],
    )

In a notebook the first miss raises :class:`Miss`, which shows its words and no traceback. When a
submission is graded (``drinkdeep.grading``) the same cell runs in another process than the
student's code: there the three functions above send an expression over and bring a value back,
every ``expect…`` is noted, and the cell earns the shares of those that were met. All exercises,
from those of chapter 1 on, are looked at with it.
"""

import functools
import math
import numbers
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from drinkdeep.notebook import scope

Mistakes = Sequence[tuple[Any, str]]
"""Values that are known to be wrong, each with the words for whoever gives it."""


class Miss(AssertionError):
    """An answer isn't what was expected; its text is for the student."""

    def _render_traceback_(self) -> list[str]:
        # IPython shows this instead of a traceback: the student's lines aren't in it anyway.
        return str(self).splitlines()


class Unanswered(NotImplementedError):
    """A question whose answer is still None."""


def is_stub(error: BaseException) -> bool:
    """Return whether a task was left as it was given out, and that is what raised the error.

    PyTorch raises ``NotImplementedError`` as well, for numbers of the wrong dtype or a module
    without ``forward``: with words, or from a file of its own. A stub does so in the notebook.
    """
    if isinstance(error, Unanswered):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at_home = trace is None or trace.tb_frame.f_globals.get("__name__") == "__main__"
    return type(error) is NotImplementedError and not error.args and at_home


@dataclass(frozen=True)
class Raised:
    """An exception, as a value: the names of its class and of the classes above it, its text."""

    kinds: tuple[str, ...]
    message: str

    @classmethod
    def by(cls, error: BaseException) -> "Raised":
        """Return the value that stands for ``error``; that of a stub is :class:`Unanswered`."""
        kind = Unanswered if is_stub(error) else type(error)
        return cls(tuple(above.__name__ for above in kind.__mro__), str(error))

    @property
    def is_stub(self) -> bool:
        """Whether a task is still to be done."""
        return Unanswered.__name__ in self.kinds

    def __str__(self) -> str:
        """As the last line of a traceback."""
        return f"{self.kinds[0]}: {self.message}" if self.message else self.kinds[0]


class WrongForm(str):
    """A difference in form: a container, a key, a shape; ``form`` says it without a number."""

    form: str

    def __new__(cls, text: str, form: str) -> "WrongForm":
        """Return the text, with what may be told of it in any case."""
        self = super().__new__(cls, text)
        self.form = form
        return self

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Say what a copy in another process is made of."""
        return WrongForm, (str(self), self.form)


@dataclass(frozen=True)
class Misplaced:
    """Stands for a part of an answer that isn't where it was asked for; see :func:`part`."""

    words: str
    detail: str


@dataclass(frozen=True)
class Finding:
    """What is wrong with a value: ``words`` explain it, ``detail`` says what was seen.

    ``form`` says what is wrong with its form, if that is it, and shows none of its numbers: of a
    hidden test it may be told. ``known`` says whether the value is one of the check's ``mistakes``.
    """

    words: str
    detail: str
    form: str = field(default="", compare=False)
    known: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        """Return the whole of it."""
        return f"✗ {self.words}\n  {self.detail}" if self.detail else f"✗ {self.words}"


# Looking


def observe(value: Any) -> Any:
    """Return the value of an expression of the student's, as the judge will see it.

    In a notebook it makes the same way, into data and back, that it makes when it is graded: so a
    check sees the same, and says the same, here and there.
    """
    from drinkdeep.transport import TransportError, decode, encode  # it imports this module

    try:
        return decode(encode(value))
    except TransportError as error:
        return Raised.by(error)


def attempt(action: Callable[[], Any]) -> Any:
    """Return the value of ``action()``, or the exception that it raises, as :class:`Raised`.

    ``action`` is a ``lambda`` without parameters around an expression of the student's. A task
    that is not done yet goes on raising its ``NotImplementedError``.

    >>> print(attempt(lambda: 1 / 0))
    ZeroDivisionError: division by zero
    >>> attempt(lambda: 1 / 2)
    0.5
    """
    try:
        return observe(action())
    except Exception as error:
        if is_stub(error):
            raise
        return Raised.by(error)


def stopwatch(action: Callable[[], Any]) -> float:
    """Return the seconds that ``action()`` takes, a ``lambda`` as for :func:`attempt`."""
    return best_time(action)


def best_time(
    action: Callable[[], Any],
    *,
    enough: float = 0.0,
    clocks: Sequence[Callable[[], float]] = (time.perf_counter,),
) -> float:
    """Return the least seconds that ``action()`` takes in ten runs, or in those that fit in 0.5 s.

    The best, because whatever else the machine does can only make a run slower; of so many one is
    left alone on a busy machine, too. For the same reason that clock counts which says least. Once
    a run takes less than ``enough`` there is no need for another.
    """
    times: list[float] = []
    while len(times) < 10 and sum(times) < 0.5 and min(times, default=enough) >= enough:
        starts = [clock() for clock in clocks]
        action()
        times.append(min(clock() - start for clock, start in zip(clocks, starts, strict=True)))
    return min(times)


def fresh(seed: int = 0) -> torch.Generator:
    """Random numbers for a test's inputs: new ones each time that a submission is graded.

    In a notebook they follow from ``seed`` alone.

    >>> torch.equal(torch.rand(3, generator=fresh(1)), torch.rand(3, generator=fresh(1)))
    True
    """
    return torch.Generator().manual_seed(seed)


def all_met() -> None:
    """Say that a test cell's checks are met; the last line of every test cell."""
    print("✓ The checks of this cell are met. Others, with new numbers, run when you hand in.")


def noted() -> None:
    """Say that short answers have the form asked for, whatever they say; in place of all_met()."""
    print("Noted. Whether it is right, you learn when you hand in.")


# Judging


class Check(Protocol):
    """A function that raises :class:`Miss`, and the same as a function that says why."""

    explain: Callable[..., Finding | None]
    role: str

    def __call__(self, value: Any, *arguments: Any, **options: Any) -> None:
        """Raise :class:`Miss` if ``value`` isn't as expected."""


def _check(role: str) -> Callable[[Callable[..., Finding | None]], Check]:
    """Make a check of a function that explains.

    ``role`` tells the judge what a passed check proves: ``"value"`` that the student's code
    computes; ``"support"`` nothing by itself, such as a shape or an exception, which counts only
    beside a value; ``"answer"`` that a question was answered; ``"form"`` only that it was answered
    in the form asked for, which earns nothing.
    """

    def decorate(explain: Callable[..., Finding | None]) -> Check:
        @functools.wraps(explain)
        def check(value: Any, *arguments: Any, share: float = 1, **options: Any) -> None:
            del share  # how much of the cell's points it earns: read by the judge
            finding = explain(value, *arguments, **options)
            if finding is not None:
                raise Miss(str(finding))

        check.explain, check.role = explain, role  # type: ignore[attr-defined]
        return check  # type: ignore[return-value]

    return decorate


@_check("value")
def expect(
    value: Any,
    wanted: Any,
    *,
    hint: str,
    mistakes: Mistakes = (),
    rtol: float = 1e-4,
    atol: float = 1e-6,
    exact_shape: bool = False,
) -> Finding | None:
    """Expect ``value`` to equal ``wanted``.

    >>> expect(torch.tensor([[2.5]]), 2.5, hint="Take the mean.")
    >>> expect(5.0, 2.5, hint="Take the mean.", mistakes=[(5.0, "That is the sum.")])
    Traceback (most recent call last):
    drinkdeep.checks.Miss: ✗ That is the sum.
      It is 5; it should be 2.5.

    Parameters
    ----------
    value
        What :func:`observe` gave.
    wanted
        A number, text, tensor, or a list, tuple or dict of those. Numbers are compared with the
        tolerances ``rtol`` and ``atol`` of :func:`torch.allclose` in float64, whatever their dtype,
        and unless ``exact_shape`` is set dimensions of size 1 don't count: 2.5, ``tensor(2.5)`` and
        ``tensor([[2.5]])`` are one answer. Whole numbers and truth values are compared exactly.
    hint
        What to think of again, in words, for whoever misses.
    mistakes
        Known wrong values, each with words that replace the hint.
    share
        How much of the cell's points this check earns, relative to the others; 1 by default.
    """

    def differs(wrong: Any) -> str | None:
        return difference(value, wrong, rtol=rtol, atol=atol, exact_shape=exact_shape)

    if isinstance(value, Misplaced):
        return Finding(value.words, value.detail, value.detail)
    detail = differs(wanted)
    if detail is None:
        return None
    known = next((words for wrong, words in mistakes if differs(wrong) is None), None)
    return Finding(known or hint, detail, getattr(detail, "form", ""), known is not None)


@_check("answer")
def expect_answer(
    value: Any, wanted: Any, *, hint: str, mistakes: Mistakes = (), rtol: float = 1e-2
) -> Finding | None:
    """Expect a short answer that the student wrote down: a number, a word, True or False.

    ``None`` is an answer that is still to be given: in a notebook it raises
    :class:`Unanswered`.
    """
    _refuse_none(value)
    return expect.explain(value, wanted, hint=hint, mistakes=mistakes, rtol=rtol)


@_check("form")
def expect_kind(value: Any, *kinds: type, hint: str) -> Finding | None:
    """Expect a short answer of one of these classes, whatever it says. Earns no points."""
    _refuse_none(value)
    names = [_KINDS.get(kind, with_article(kind.__name__)) for kind in kinds]
    names = list(dict.fromkeys(names))
    return None if type(value) in kinds else Finding(hint, _not(" or ".join(names), value))


_KINDS = {
    int: "a number",
    float: "a number",
    str: "a string, in quotation marks",
    bool: "True or False",
    torch.Size: "a tuple",
}
"""What students call the classes that a short answer may have."""


@_check("form")
def expect_one_of(value: Any, options: Sequence[Any], *, hint: str) -> Finding | None:
    """Expect a short answer among these, whichever it is. Earns no points."""
    _refuse_none(value)
    if any(difference(value, option) is None for option in options):
        return None
    return Finding(
        hint, f"It is {_show(value)}; it should be one of {', '.join(map(repr, options))}."
    )


def _refuse_none(value: Any) -> None:
    if value is None:
        raise Unanswered("This question is not answered yet.")


@_check("value")
def expect_at_least(value: Any, least: float, *, hint: str) -> Finding | None:
    """Expect a number of at least ``least``.

    >>> expect_at_least(0.93, 0.9, hint="Train for longer.")
    """
    number = _number(value)
    if number is None:
        return Finding(hint, _not_a("number", value))
    if number >= least:
        return None
    return Finding(hint, f"It is {number:.4g}; at least {least:.4g} is asked for.")


@_check("support")
def expect_shape(value: Any, shape: Iterable[int], *, hint: str) -> Finding | None:
    """Expect a tensor of this shape; only with a check of values beside it does it earn points.

    >>> expect_shape(torch.zeros(2, 3), (2, 3), hint="One row an example.")
    """
    if not isinstance(value, Tensor):
        detail = _not_a("tensor", value)
        return Finding(hint, detail, getattr(detail, "form", ""))
    if tuple(value.shape) == tuple(shape):
        return None
    detail = f"The shape is {tuple(value.shape)}; it should be {tuple(shape)}."
    return Finding(hint, detail, detail)


@_check("support")
def expect_raises(
    value: Any, *kinds: type[Exception], hint: str, shapes: Sequence[tuple[int, ...]] = ()
) -> Finding | None:
    """Expect that :func:`attempt` met an exception of one of these classes.

    With ``shapes``, which have no number in common, its text names each of them, as (4, 1),
    [4, 1], 4 × 1 or otherwise.

    >>> expect_raises(attempt(lambda: [][1]), IndexError, hint="Refuse what is out of range.")
    """
    names = " or ".join(kind.__name__ for kind in kinds)
    if not isinstance(value, Raised):
        return Finding(hint, f"{names} should be raised here, and nothing was.")
    if value.is_stub or not any(k.__name__ in value.kinds for k in kinds):
        return Finding(hint, f"{names} should be raised here; this was: {value}")
    said = [int(number) for number in re.findall(r"\d+", value.message)]
    for shape in shapes:
        if not any(said[i : i + len(shape)] == [*shape] for i in range(len(said))):
            words = f"The text of the {value.kinds[0]} should name both shapes."
            return Finding(words, f"It is {_show(value.message)}; it should name {shape}.")
    return None


@_check("support")
def expect_faster(
    seconds: Any, limit: float, *, hint: str, result: Any, wanted: Any
) -> Finding | None:
    """Expect that :func:`stopwatch` took less than ``limit`` seconds, over a right answer.

    For what is slower by a factor, such as a Python loop over elements: leave a slow machine room.
    ``result`` is what came of the same expression, and ``wanted`` what should have.
    """
    if not isinstance(seconds, float):
        return Finding(hint, _not_a("time", seconds))
    if difference(result, wanted, rtol=1e-3) is not None:
        return Finding("What is timed has to be right as well, and here it isn't.", "")
    if seconds < limit:
        return None
    return Finding(hint, f"It took {seconds:.2g} s; less than {limit:g} s is asked for.")


# Comparing


def difference(
    value: Any,
    wanted: Any,
    *,
    rtol: float = 1e-4,
    atol: float = 1e-6,
    exact_shape: bool = False,
) -> str | None:
    """Say how ``value`` differs from ``wanted``, in one sentence, or None; see :func:`expect`."""
    if isinstance(value, Raised):
        return f"Your code raised {value}"
    if value is None and wanted is not None:
        return "It is None: is there a `return`?"
    if isinstance(wanted, Mapping):
        return _mapping_difference(value, wanted, rtol, atol, exact_shape)
    # A list of numbers may be answered by a tensor; a list of tensors of other sizes may not.
    if isinstance(wanted, list | tuple) and not (
        isinstance(value, Tensor) and _tensor(wanted) is not None
    ):
        if not isinstance(value, list | tuple):
            return _not_a(f"list or tuple of {len(wanted)}", value)
        if len(value) != len(wanted):
            there = "There is 1 item" if len(value) == 1 else f"There are {len(value)} items"
            text = f"{there}; there should be {len(wanted)}."
            return WrongForm(text, text)
        for place, (item, other) in enumerate(zip(value, wanted, strict=True)):
            found = difference(item, other, rtol=rtol, atol=atol, exact_shape=exact_shape)
            if found is not None:
                return _inside(f"item {place}", found)
        return None
    if wanted is None or isinstance(wanted, str | torch.dtype):
        same = type(value) is type(wanted) and value == wanted
        return None if same else f"It is {_show(value)}; it should be {_show(wanted)}."
    return _number_difference(value, wanted, rtol, atol, exact_shape)


def _mapping_difference(
    value: Any, wanted: Mapping[Any, Any], rtol: float, atol: float, exact_shape: bool
) -> str | None:
    if (found := wrong_keys(value, wanted)) is not None:
        return found
    for key, other in wanted.items():
        found = difference(value[key], other, rtol=rtol, atol=atol, exact_shape=exact_shape)
        if found is not None:
            return _inside(repr(key), found)
    return None


def wrong_keys(value: Any, keys: Iterable[Any]) -> str | None:
    """Say how a value falls short of a dict with just these keys, in one sentence, or None."""
    wanted = list(keys)
    keys_asked = f"with the {'key' if len(wanted) == 1 else 'keys'} {_listed(wanted)}"
    asked = f"a dict {keys_asked}" if wanted else "an empty dict"
    if not isinstance(value, dict):
        return _not(asked, value)
    if missing := [key for key in wanted if key not in value]:
        own = f"Its keys are {_listed(value)}" if value else "It is an empty dict"
        form = f"it should be {asked}: {_listed(missing)} {_is(missing)} missing."
        return WrongForm(f"{own}; {form}", f"It is a dict with other keys; {form}")
    extra = [key for key in value if key not in wanted]
    if not extra:
        return None
    return WrongForm(
        f"The key {extra[0]!r} should not be there.", "There is a key that should not be there."
    )


def part(found: Any, key: str | int, of: Sequence[str | int]) -> Any:
    """Take a part of an answer that was to be a dict with the keys ``of``, or a tuple for 0, 1…

    A tuple with the parts in the order of the keys will do for a dict, and so will keys with a d
    before them, such as “dW”; for a tuple of numbers a tensor of so many will do. Of anything else
    comes :class:`Misplaced`, which a check answers by saying what was to be returned.
    """
    if isinstance(found, Raised | Misplaced):
        return found
    if isinstance(key, int) and isinstance(found, Tensor) and found.shape == (len(of),):
        return found[list(of).index(key)]
    if isinstance(found, tuple | list) and len(found) == len(of):
        return found[list(of).index(key)]
    if isinstance(found, dict) and not isinstance(key, int):
        for name in (key, f"d{key}"):
            if name in found:
                return found[name]
    if isinstance(key, int):
        return Misplaced(f"Return {len(of)} things, in a tuple.", f"It is {_kind(found)}.")
    asked = f"a dict with the keys {_listed(of)}"
    missing = f" without {key!r}" if isinstance(found, dict) else ""
    return Misplaced(f"Return {asked}.", f"It is {_kind(found)}{missing}.")


def _listed(items: Iterable[Any]) -> str:
    *most, last = [*map(repr, items)] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _is(items: Sequence[Any]) -> str:
    return "is" if len(items) == 1 else "are"


def _inside(place: str, found: str) -> str:
    """Say what was found in a part of a value, in one sentence."""
    if isinstance(found, WrongForm):
        return WrongForm(_inside(place, str(found)), _inside(place, found.form))
    # At [0] it is …: one place, in two steps.
    mark = "," if found.startswith("At ") else ":"
    return f"In {place}{mark} {found[0].lower()}{found[1:]}"


def _number_difference(
    value: Any, wanted: Any, rtol: float, atol: float, exact_shape: bool
) -> str | None:
    goal = _tensor(wanted)
    if goal is None:
        raise TypeError(f"A test can't expect a {type(wanted).__name__}.")
    given = _tensor(value)
    if given is None:
        return _not_a("tensor" if goal.dim() else "number", value)
    if (given.dtype == torch.bool) != (goal.dtype == torch.bool):
        kind = "True or False" if goal.dtype == torch.bool else "a number"
        return f"It is {_show(value)}; it should be {kind}."
    if (exact_shape or _bare(given) != _bare(goal)) and given.shape != goal.shape:
        text = f"The shape is {tuple(given.shape)}; it should be {tuple(goal.shape)}."
        return WrongForm(text, text)
    given = given.reshape(goal.shape)
    if goal.is_floating_point():
        same = torch.isclose(given.double(), goal.double(), rtol, atol, equal_nan=True)
    else:
        same = given == goal
    if bool(same.all()):
        return None
    if goal.numel() == 1:
        return f"It is {_show(value)}; it should be {_show(wanted)}."
    place = tuple((~same).nonzero()[0].tolist())
    here = ", ".join(map(str, place))
    return f"At [{here}] it is {_show(given[place])}; it should be {_show(goal[place])}."


def _tensor(value: Any) -> Tensor | None:
    """Return a number, or a list of numbers, as a tensor; None if it is neither."""
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, bool | numbers.Real) or (isinstance(value, list | tuple) and value):
        try:
            return torch.tensor(value, dtype=torch.float64 if _has_floats(value) else None)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            return None
    return None


def _has_floats(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_has_floats, value))
    return isinstance(value, numbers.Real) and not isinstance(value, bool | numbers.Integral)


def _bare(tensor: Tensor) -> list[int]:
    return [size for size in tensor.shape if size != 1]


def _number(value: Any) -> float | None:
    tensor = None if isinstance(value, bool) else _tensor(value)
    if tensor is None or tensor.numel() != 1 or tensor.dtype == torch.bool:
        return None
    return float(tensor.item())


def with_article(noun: str) -> str:
    """Return the noun behind “a” or “an”."""
    # One that is spoken with a consonant: a uint8, a Unicode….
    vowel = noun[:1].lower() in "aeiou" and not noun.lower().startswith(("uint", "uni"))
    return f"{'an' if vowel else 'a'} {noun}"


def _not_a(kind: str, value: Any) -> str:
    return _not(with_article(kind), value)


def _not(asked: str, value: Any) -> str:
    if isinstance(value, Raised):
        return f"Your code raised {value}"
    return WrongForm(
        f"It is {_show(value)}; it should be {asked}.",
        f"It is {_kind(value)}; it should be {asked}.",
    )


def _kind(value: Any) -> str:
    """Say what a value is, without what it says."""
    if isinstance(value, bool):
        return "True or False"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, dict | list | tuple):
        many = f"{len(value)} item{'' if len(value) == 1 else 's'}"
        return f"a {type(value).__name__} of {many}"
    return _show(value) if not isinstance(value, Tensor) or value.dim() else "a number"


def _show(value: Any) -> str:
    """Return a value in a few words."""
    if isinstance(value, Tensor):
        if value.numel() == 1:
            return f"{value.item():.6g}" if value.is_floating_point() else f"{value.item()}"
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else str(value)
    if isinstance(value, dict | list | tuple) and any(_holds_tensors(value)):
        return _kind(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _holds_tensors(value: Any) -> Iterator[bool]:
    items = value.values() if isinstance(value, dict) else value
    return (isinstance(item, Tensor) for item in items)


scope.watch()
