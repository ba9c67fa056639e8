"""A test cell rewritten for the judge, and what can be read of it.

What stands in ``observe(…)`` becomes a text to be sent to the student's kernel. Of the names in it
those that the task asks for are looked up there, and no others: with the text go the test's own,
and modules, built-in functions and what the course defines, whatever a student has made of their
names. Each ``expect…`` becomes a note to the judge.
"""

import ast
import functools
from types import CodeType
from typing import NamedTuple

from drinkdeep import checks
from drinkdeep.grading.errors import CheckError
from drinkdeep.notebook.scope import LOOKS, bound_names, defined_names, free_names

CHECKS = tuple(name for name in dir(checks) if name.startswith("expect"))


class Site(NamedTuple):
    """One ``expect…`` as it is written."""

    check: str
    share: float
    hidden: bool
    hint: str
    """The words for whoever misses it; of several, or of pieces, the longest."""


@functools.cache
def rewritten(
    test: str, solution: str, hidden: tuple[tuple[int, int], ...]
) -> tuple[list[tuple[CodeType, list[int]]], list[Site]]:
    """Return a test cell's statements, each with the numbers of its sites, and what each site is.

    The same for all submissions, and so done once.

    Raises
    ------
    CheckError
        If the test isn't written as the judge needs it.
    """
    tree = ast.parse(test)
    asked = defined_names(ast.parse(solution))
    if taken := bound_names(tree) & asked:
        raise CheckError(f"The test gives {', '.join(taken)} a meaning of its own.")
    sites: list[Site] = []
    _Rewriter(sites, hidden, asked).visit(tree)
    ast.fix_missing_locations(tree)
    statements = [
        (
            compile(ast.Module([statement], []), "<test>", "exec"),
            [node.site for node in ast.walk(statement) if hasattr(node, "site")],
        )
        for statement in tree.body
    ]
    return statements, sites


class _Rewriter(ast.NodeTransformer):
    """Turns a test cell into calls of ``__judge__``."""

    def __init__(
        self,
        sites: list[Site],
        hidden: tuple[tuple[int, int], ...],
        asked: set[str],
    ) -> None:
        self._sites = sites
        self._hidden = hidden
        self._asked = asked

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in LOOKS:
            return self._look(name, node)
        self.generic_visit(node)
        if name == "fresh":
            node.func = _attribute("fresh")
        elif name in CHECKS:
            if name == "expect_faster" and len(node.args) > 1 and _is_time(node.args[0]):
                node.args[0].args.append(node.args[1])  # type: ignore[attr-defined]
            node.args[:0] = [ast.Constant(name), ast.Constant(len(self._sites))]
            node.func = _attribute("check")
            node.site = len(self._sites)  # type: ignore[attr-defined]
            hidden = any(first < node.lineno < last for first, last in self._hidden)
            share = 0 if getattr(checks, name).role == "form" else _share(node)
            self._sites.append(Site(name, share, hidden, _hint(node)))
        return node

    def _look(self, name: str, node: ast.Call) -> ast.Call:
        if len(node.args) != 1 or node.keywords:
            raise CheckError(f"{name}() takes one expression.")
        expression = node.args[0]
        if name != "observe":
            if not isinstance(expression, ast.Lambda) or expression.args.args:
                raise CheckError(f"{name}() takes a lambda without parameters.")
            expression = expression.body
        names = sorted(free_names(expression) - self._asked)
        captured = ast.Dict(
            [ast.Constant(name) for name in names], [ast.Name(name, ast.Load()) for name in names]
        )
        text = ast.Constant(ast.unparse(expression))
        return ast.Call(
            _attribute("time" if name == "stopwatch" else "query"), [text, captured], []
        )


def _is_time(node: ast.expr) -> bool:
    """Return whether it has become a call of the judge's stopwatch."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "time"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "__judge__"
    )


def _attribute(name: str) -> ast.Attribute:
    return ast.Attribute(ast.Name("__judge__", ast.Load()), name, ast.Load())


def _share(node: ast.Call) -> float:
    for keyword in node.keywords:
        if keyword.arg == "share":
            share = ast.literal_eval(keyword.value)
            if not isinstance(share, int | float):
                raise CheckError("A share is written as a plain number.")
            return share
    return 1.0


def _hint(node: ast.Call) -> str:
    parts = [part for k in node.keywords if k.arg == "hint" for part in ast.walk(k.value)]
    return max((str(p.value) for p in parts if isinstance(p, ast.Constant)), key=len, default="")
