"""Which names a test takes from a student, and which are its own.

A cell above may have made ``sum`` a number, or ``torch`` None. That is no fault of the answer that
is looked at, so no test stumbles over it: of a student's names it uses those that the task asks
for. ``drinkdeep.grading.judging.rewriting`` sees to that when a submission is graded, and
:class:`TestCells` in a notebook.
"""

import ast
import builtins
import contextlib
import sys
from collections.abc import Container
from typing import Any

LOOKS = ("observe", "attempt", "stopwatch")
"""The functions around an expression of a student's."""
LAST = ("all_met", "noted")
"""Each test cell ends in a call of one of these."""
CHECKS = "drinkdeep.checks"


def bound_names(tree: ast.AST) -> set[str]:
    """Return the names that a piece of code gives a meaning of its own, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return names


def defined_names(tree: ast.Module) -> set[str]:
    """Return the names that a cell leaves behind: those bound outside of functions and classes."""
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.add(statement.name)
        else:
            names |= bound_names(statement)
    return names


def free_names(tree: ast.AST) -> set[str]:
    """Return the names that a piece of code takes from around it."""
    loaded = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return loaded - bound_names(tree)


def looked_at(tree: ast.AST) -> set[str]:
    """Return the names in the expressions of a test that are a student's."""
    return {
        node.id
        for look in ast.walk(tree)
        if isinstance(look, ast.Call) and isinstance(look.func, ast.Name) and look.func.id in LOOKS
        for argument in look.args
        for node in ast.walk(argument)
        if isinstance(node, ast.Name)
    }


def is_test(tree: ast.Module) -> bool:
    """Return whether a cell's code is a test's."""
    last = tree.body[-1] if tree.body else None
    return (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call)
        and isinstance(last.value.func, ast.Name)
        and last.value.func.id in LAST
    )


class TestCells:
    """Runs the test cells of a notebook each in a scope of its own: IPython calls :meth:`visit`.

    What a test binds stays in there. What it takes from around it is what the course's cells import
    and define, made anew in a namespace that no other cell gets at, and Python's own functions.
    """

    __test__ = False  # for pytest

    def __init__(self) -> None:
        """Begin, in a kernel that has just loaded the checks."""
        self._setup: dict[str, ast.stmt] = {}
        """What the set-up cell imports and defines, by the names."""
        self._helpers: dict[str, ast.stmt] = {}
        """What other cells define; of two of one name the upper is the course's."""
        self._course: dict[str, Any] = {"__name__": "__main__"}
        self._handed: dict[str, Any] = {}

    def visit(self, tree: ast.Module) -> ast.Module:
        """Return the code to be run in place of a cell's."""
        if is_test(tree):
            return self._scoped(tree)
        self.note(tree)
        return tree

    def note(self, tree: ast.Module) -> None:
        """Remember what a cell imports and defines."""
        imported: dict[str, ast.stmt] = {}
        defined: dict[str, ast.stmt] = {}
        is_setup = False
        for statement in tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                imported |= dict.fromkeys(bound_names(statement), statement)
                is_setup |= getattr(statement, "module", None) == CHECKS
            elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
                defined[statement.name] = statement
        if is_setup:
            self._setup = imported | defined
            self._course = {"__name__": "__main__"}
        else:
            self._helpers = defined | self._helpers

    def handed_over(self) -> dict[str, Any]:
        """Return what the test that runs now takes from the course and from Python."""
        return self._handed

    def _scoped(self, tree: ast.Module) -> ast.Module:
        asked = looked_at(tree)
        # What is looked at is the student's, be it called like a helper.
        self._handed = {
            name: self._course[name]
            for name in sorted(free_names(tree))
            if self._has(name, () if name in asked else self._helpers)
        }
        hand_over = f"__import__({__name__!r}, fromlist=['*']).cells.handed_over()"
        wrapped = ast.parse(f"def __test__({', '.join(self._handed)}): 0\n__test__(**{hand_over})")
        definition, call = wrapped.body
        assert isinstance(definition, ast.FunctionDef)
        definition.body = tree.body
        # A traceback begins with the call: let it point at the cell's last line.
        ast.increment_lineno(call, tree.body[-1].lineno - call.lineno)
        return wrapped

    def _has(self, name: str, helpers: Container[str]) -> bool:
        """Return whether the course has something of this name, which is made if it wasn't yet."""
        statement = self._setup.get(name) or (self._helpers[name] if name in helpers else None)
        if name in self._course and (statement or hasattr(builtins, name)):
            return True
        if statement is None:
            if hasattr(builtins, name):
                self._course[name] = getattr(builtins, name)
            return hasattr(builtins, name)
        self._course[name] = None  # it may call itself
        if all(self._has(other, self._helpers) for other in free_names(statement)):
            with contextlib.suppress(Exception):  # then it has failed in its own cell, too
                code = compile(ast.Module([statement], []), "<course>", "exec")
                exec(code, self._course)
                return True
        del self._course[name]
        return False


cells = TestCells()


def watch() -> None:
    """Have IPython, where it runs this, hand over each cell from now on."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and cells not in shell.ast_transformers:
        shell.ast_transformers.append(cells)

        def first(result: Any) -> None:
            """Take in the cell that loaded us, which was parsed before."""
            shell.events.unregister("post_run_cell", first)
            with contextlib.suppress(SyntaxError):
                cells.note(ast.parse(shell.transform_cell(result.info.raw_cell)))

        shell.events.register("post_run_cell", first)
