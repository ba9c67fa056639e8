"""In which order a submission's cells are run and its answers asked for.

What a test asks can be heard by code of the student's that listens in the kernel, and what listens
can print in a cell below. So all cells are run before the first question, as far as the answers are
the same then: a cell that gives a new meaning to a name that an answer above it uses would change
that answer. Then each test asks where it stands, and what cells below put out isn't shown.
"""

import ast
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from drinkdeep.cells import grade_id
from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.notebook.scope import bound_names, defined_names, free_names, looked_at

NOT_SHOWN = "Not shown: a test had asked before this cell was run.\n"
CHANGING = ("get_ipython", "exec", "setattr", "globals")
"""Functions that may change any name; a magic is a call of the first."""
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True)
class Step:
    """A cell's turn: it is run, or it is a test and asks."""

    place: int
    """The cell's, counted from 0."""
    asks: bool
    run_before: int
    """The place of the last cell that has been run before it, in the notebook's order."""


def steps(cells: Sequence[NotebookNode], assignment: Assignment) -> list[Step]:
    """Return the turns in the notebook's order.

    A test that stands above its answer asks below it. A solution cell that isn't there at all has
    been answered elsewhere, or nowhere: its test comes last.
    """
    done: set[str] = set()
    waiting: list[int] = []
    result = []
    for place, cell in enumerate(cells):
        name = grade_id(cell) or ""
        if name in assignment.tests:
            waiting.append(place)
        elif cell.cell_type == "code":
            result.append(Step(place, asks=False, run_before=place))
            done.add(name)
        for test in [w for w in waiting if assignment.tests[grade_id(cells[w]) or ""].name in done]:
            result.append(Step(test, asks=True, run_before=place))
            waiting.remove(test)
    return result + [Step(test, asks=True, run_before=len(cells)) for test in waiting]


def questions_may_wait(
    cells: Sequence[NotebookNode], turns: Sequence[Step], assignment: Assignment
) -> bool:
    """Return whether all answers are the same when all cells have been run.

    Nothing is run to see it. Of a cell that Python can't read nothing is known but that it may do
    anything, unless IPython can't read it either: then it does nothing.
    """
    given = {cell.source for _, cell in assignment.code()}
    used: set[str] = set()
    imported: set[str] = set()
    asked = False
    for turn in turns:
        cell = cells[turn.place]
        if turn.asks:
            exercise = assignment.tests[grade_id(cell) or ""]
            used |= _asked_for(exercise.test.source)
            asked = True
            continue
        # The course's own cells are the same in all submissions, and looked at once.
        code = _looked_at(cell.source) if cell.source in given else _Code.of(cell.source)
        if asked and (code.sets_something or used & code.changed(imported)):
            return False
        used |= code.used_later
        imported |= code.imports
    return True


@functools.lru_cache(maxsize=256)
def _asked_for(test: str) -> frozenset[str]:
    tree = ast.parse(test)
    return frozenset(looked_at(tree) - bound_names(tree))


@dataclass(frozen=True)
class _Code:
    """What a cell's code does to names, as far as it can be read."""

    sets_something: bool
    used_later: frozenset[str]
    """The names that its functions and classes use."""
    imports: frozenset[str]
    """As :func:`_imports`."""
    statements: tuple[tuple[frozenset[str], frozenset[str]], ...]
    """Of each statement what it imports, if it does that alone, and the names that it changes."""

    @classmethod
    def of(cls, source: str) -> "_Code":
        """Read a cell."""
        tree = _read(source)
        nodes = list(ast.walk(tree))
        return cls(
            any(_sets_something(node) for node in nodes),
            frozenset(n for node in nodes if isinstance(node, _LATER) for n in free_names(node)),
            frozenset(_imports(tree)),
            tuple((frozenset(_imports_of(s)), frozenset(_changed(s))) for s in tree.body),
        )

    def changed(self, imported: set[str]) -> set[str]:
        """Return the names that it changes; what is imported again means what it meant."""
        return {n for imports, names in self.statements if not imports <= imported for n in names}


_looked_at = functools.lru_cache(maxsize=256)(_Code.of)


def _read(source: str) -> ast.Module:
    """Return a cell's code as it is run: magics are calls then."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        pass
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield each import, as text."""
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                yield ast.unparse(
                    ast.Import([alias])
                    if isinstance(statement, ast.Import)
                    else ast.ImportFrom(statement.module, [alias], statement.level)
                )


def _changed(statement: ast.stmt) -> set[str]:
    """Return the names whose meaning, or what they stand for, a statement changes."""
    names = defined_names(ast.Module([statement], []))
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            names |= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            names.add(node.id)
        elif isinstance(node, ast.Global):
            names |= set(node.names)
    return names


def _imports_of(statement: ast.stmt) -> list[str]:
    """Return what a statement imports, as :func:`_imports` does; of another, what is nowhere."""
    return list(_imports(ast.Module([statement], []))) or ["no import"]


def _sets_something(node: ast.AST) -> bool:
    """Return whether it may change a library's state: ``torch.set_default_dtype(…)``, a magic."""
    if not isinstance(node, ast.Call):
        return False
    root = node.func
    while isinstance(root, ast.Attribute):
        root = root.value
    whose = root.id if isinstance(root, ast.Name) else ""
    what = node.func.attr if isinstance(node.func, ast.Attribute) else whose
    return (whose == "torch" and what.startswith(("set_", "use_"))) or whose in CHANGING
