"""Put the tests to the test: change each solution in one place, and see whether they notice.

    python tools/mutants.py [--all] [ASSIGNMENT | ASSIGNMENT:EXERCISE …]

grades the mutants of every exercise whose solution or tests have changed since its entry in
``tests/mutants/ASSIGNMENT.toml`` was written, each by the real judge in the sandbox and with two
seeds, and writes the entry anew; ``--all`` grades the others as well. A mutant that keeps all
points with either seed is a *survivor*: a hidden test has to see it, or the entry says why it is as
right as the solution, under ``because``. Exit code 1 if a survivor is neither.

The operators are a course's own: besides those of every tool of its kind (arithmetic, comparisons,
constants, conditions, statements left out) they turn axes, reductions, transposes and signs, make a
parameter what it is in the example, and, where the task says that what is handed in stays as it
is, write into that. mutmut and cosmic-ray know
nothing of these, and mutate files that a test suite imports, not cells.
"""

import argparse
import ast
import copy
import hashlib
import itertools
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import answer_bank
import nbformat
import workbench

from drinkdeep.grading.judging.assignment import BEGIN_SOLUTION, END_SOLUTION, Exercise, regions
from drinkdeep.grading.sandbox.limits import Limits

ROOT = Path(__file__).resolve().parent.parent
TABLES = ROOT / "tests" / "mutants"
SEEDS = (1, 2)
# A mutant may well run for ever.
LIMITS = Limits(cell_seconds=60, answer_seconds=30, clock_seconds=120)
TODO = "TODO"


@dataclass(frozen=True)
class Mutant:
    """A solution that was changed in one place; ``name`` says where and how."""

    name: str
    code: str


# The operators: each gives what may stand in a node's place.

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
PAIRS = (
    ("sum", "mean"),
    ("max", "min"),
    ("amax", "amin"),
    ("argmax", "argmin"),
    ("any", "all"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("ceil", "floor"),
    ("cumsum", "cumprod"),
    ("sin", "cos"),
    ("log", "log10"),
    ("log1p", "log"),
    ("train", "eval"),
    ("rand", "randn"),
    ("rand_like", "randn_like"),
    ("gather", "take_along_dim"),
    ("std", "var"),
    ("eigvalsh", "eigvals"),
    ("append", "extend"),
)
OTHER_NAME = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
IN_PLACE = {
    ast.Add: "add_",
    ast.Sub: "sub_",
    ast.Mult: "mul_",
    ast.Div: "div_",
}
# Without these a value is as right: what is returned may be watched, and of any form.
FREE_TO_DROP = {"detach", "item", "tolist", "clone", "contiguous", "double", "float", "T"}


def _operators(node: ast.AST, *, in_place: bool) -> Iterator[ast.AST | None]:
    """Yield what may stand in the node's place; None for nothing, where a statement may go."""
    if in_place:
        yield from _in_place(node)
    if isinstance(node, ast.BinOp):
        yield from _arithmetic(node)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        yield from node.values
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in _constants(node.value))
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Slice):
        yield from (
            ast.Slice(*(None if part is gone else part for part in parts))
            for parts in [(node.lower, node.upper, node.step)]
            for gone in parts
            if gone is not None
        )
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
        yield ast.Tuple(node.elts[::-1], ast.Load())
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Name | ast.BinOp):
        yield ast.Return(ast.UnaryOp(ast.USub(), node.value))
    yield from _statements(node)


def _arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)
        yield ast.BinOp(node.left, ast.Mult(), node.right)
    elif other := ARITHMETIC.get(type(node.op)):
        yield ast.BinOp(node.left, other(), node.right)
    yield node.left  # a term, a factor or an exponent is left out
    if not isinstance(node.op, ast.Pow | ast.Div | ast.Mod):
        yield node.right
    if isinstance(node.op, ast.Sub | ast.Div):
        yield ast.BinOp(node.right, node.op, node.left)


def _in_place(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the same, written into what stands on the left, which may have been handed in."""
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Name):
        if name := IN_PLACE.get(type(node.op)):
            yield ast.Call(ast.Attribute(node.left, name, ast.Load()), [node.right], [])
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        receiver, name = node.func.value, node.func.attr
        if isinstance(receiver, ast.Name) and name in ("abs", "exp", "clamp", "square"):
            function = ast.Attribute(receiver, f"{name}_", ast.Load())
            yield ast.Call(function, node.args, node.keywords)
        elif name == "clone":
            yield receiver


def _constants(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield from (value * 1.1 if value else 1.0, -value if value else -1.0)
    elif value is None:
        yield 0
    elif isinstance(value, str):
        yield f"{value}_"


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    function = node.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    if name in OTHER_NAME:
        other = copy.deepcopy(node)
        if isinstance(other.func, ast.Attribute):
            other.func.attr = OTHER_NAME[name]
        elif isinstance(other.func, ast.Name):
            other.func.id = OTHER_NAME[name]
        yield other
    is_method = isinstance(function, ast.Attribute) and not _is_module(function.value)
    if is_method and name not in FREE_TO_DROP:
        yield function.value  # type: ignore[attr-defined]  # the method is left out
    if name in ("sqrt", "log", "exp", "log1p", "tuple", "list", "abs") and len(node.args) == 1:
        yield node.args[0]
    for gone in node.keywords:
        yield ast.Call(function, node.args, [k for k in node.keywords if k is not gone])
    if len(node.args) == 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        yield ast.Call(function, node.args[::-1], node.keywords)
    if name == "range":
        for change in (ast.Add(), ast.Sub()):
            end = ast.BinOp(node.args[-1], change, ast.Constant(1))
            yield ast.Call(function, [*node.args[:-1], end], [])


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "math", "nn", "functional", "F")


def _statements(node: ast.AST) -> Iterator[ast.AST | None]:
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
        yield None
    elif isinstance(node, ast.AugAssign):
        yield None
        yield ast.Assign([node.target], node.value, lineno=0)
        if other := ARITHMETIC.get(type(node.op)):
            yield ast.AugAssign(node.target, other(), node.value)
    elif isinstance(node, ast.Raise | ast.Break | ast.Continue):
        yield None
    elif isinstance(node, ast.If | ast.While):
        kind = type(node)
        conditions = [ast.Constant(False)] if kind is ast.While else map(ast.Constant, (0, 1))
        for condition in conditions:
            yield kind(condition, node.body, node.orelse)
        yield kind(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, ast.For):
        once = [*node.body, ast.Break()]
        yield ast.For(node.target, node.iter, once, node.orelse, lineno=0)
    elif isinstance(node, ast.With):
        yield ast.If(ast.Constant(1), node.body, [])
    elif isinstance(node, ast.Assign) and isinstance(
        node.targets[0], ast.Subscript | ast.Attribute
    ):
        yield None


# Making


def _forbids_changes(exercise: Exercise) -> bool:
    """Return whether the task says that what is handed in stays; seen in what its tests say."""
    return "stay" in exercise.solution.source or any(
        words in exercise.test.source
        for words in ("make new ones", "must hold what it held", "with the same t", "old values")
    )


def mutants(exercise: Exercise) -> list[Mutant]:
    """Change the solution of an exercise in one place, in every way that the operators know.

    None, where all that counts is the accuracy that was reached: there another recipe that reaches
    it is as right.
    """
    source = exercise.solution.source
    if answer_bank.trains(exercise):
        return []
    tree = ast.parse(source)
    inside = [
        line
        for first, last in regions(source, BEGIN_SOLUTION, END_SOLUTION)
        for line in range(first, last)
    ]
    in_place = _forbids_changes(exercise)
    found: dict[str, Mutant] = {}
    original = ast.unparse(tree)

    def keep(name: str, changed: ast.Module) -> None:
        code = ast.unparse(ast.fix_missing_locations(changed))
        if code != original:
            found.setdefault(code, Mutant(name, code))

    for place, node in enumerate(ast.walk(tree)):
        if getattr(node, "lineno", None) not in inside and not isinstance(node, ast.Slice):
            continue
        if isinstance(node, ast.Slice) and not _within(node, inside):
            continue
        for number, _ in enumerate(_operators(node, in_place=in_place)):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[place]
            new = list(_operators(target, in_place=in_place))[number]
            before, after = _short(target), "…" if new is None else _short(new)
            _replace(changed, target, new)
            keep(f"{before}  →  {after}", changed)
    for name, changed in _parameters(tree, exercise):
        keep(name, changed)
    for name, changed in _other_words(tree, exercise):
        keep(name, changed)
    names = [mutant.name for mutant in found.values()]
    return [
        Mutant(f"{m.name}  ({names[:i].count(m.name) + 1})", m.code)
        if names.count(m.name) > 1
        else m
        for i, m in enumerate(found.values())
    ]


def _within(node: ast.Slice, lines: list[int]) -> bool:
    parts = [part for part in (node.lower, node.upper, node.step) if part is not None]
    return any(part.lineno in lines for part in parts)


def _short(node: ast.AST) -> str:
    line = " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())
    return line if len(line) <= 60 else f"{line[:57]}…"


def _replace(tree: ast.AST, target: ast.AST, new: ast.AST | None) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, new)
            elif isinstance(value, list):
                for place, item in enumerate(value):
                    if item is target:
                        value[place] = ast.Pass() if new is None else new


def _parameters(tree: ast.Module, exercise: Exercise) -> Iterator[tuple[str, ast.Module]]:
    """Parameters that are ignored, for what the test's outermost call has there, if it is plain."""
    calls = [
        node for node in ast.walk(ast.parse(exercise.test.source)) if isinstance(node, ast.Call)
    ]
    for place, function in enumerate(tree.body):
        if not isinstance(function, ast.FunctionDef):
            continue
        call = next((c for c in calls if getattr(c.func, "id", "") == function.name), None)
        names = [argument.arg for argument in function.args.args]
        for first, second in itertools.pairwise(names):
            swap = ast.parse(f"{first}, {second} = {second}, {first}").body
            yield f"{first} and {second} change places", _with_first(tree, place, swap)
        for name, value in zip(names, call.args if call else [], strict=False):
            free = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
            if free <= {"torch", "math", "nn"}:
                text = f"{name} = {ast.unparse(value)}"
                yield (
                    f"ignored: {_short(ast.parse(text))}",
                    _with_first(tree, place, ast.parse(text).body),
                )


def _with_first(tree: ast.Module, place: int, statements: list[ast.stmt]) -> ast.Module:
    changed = copy.deepcopy(tree)
    function = changed.body[place]
    assert isinstance(function, ast.FunctionDef)
    function.body[:0] = statements
    return changed


def _other_words(tree: ast.Module, exercise: Exercise) -> Iterator[tuple[str, ast.Module]]:
    """Short answers in words: every other word that the test offers."""
    offered = {
        node.value
        for parent in ast.walk(ast.parse(exercise.test.source))
        if isinstance(parent, ast.Tuple)
        for node in parent.elts
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 20
    }
    for statement in tree.body:
        for place, node in enumerate(ast.walk(tree)):
            is_answer = isinstance(node, ast.Constant) and node.value in offered
            if not is_answer or getattr(node, "lineno", 0) != statement.lineno:
                continue
            for word in sorted(offered - {node.value}):  # type: ignore[attr-defined]
                changed = copy.deepcopy(tree)
                target = list(ast.walk(changed))[place]
                target.value = word  # type: ignore[attr-defined]
                yield f"{_short(statement)}  →  {word!r}", changed


# Grading


@dataclass
class Entry:
    """What is known of an exercise's mutants."""

    hash: str
    mutants: int
    survivors: dict[str, str] = field(default_factory=dict)
    """Why each that kept all points is right all the same."""

    @property
    def killed(self) -> int:
        """How many earned less than all points, with each seed."""
        return self.mutants - len(self.survivors)


def fingerprint(exercise: Exercise) -> str:
    """Return a hash of the solution and the tests: with another one the entry is out of date."""
    text = f"{exercise.solution.source}\n{exercise.test.source}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def table(assignment: str) -> dict[str, Entry]:
    """Return the committed table of an assignment."""
    path = TABLES / f"{assignment}.toml"
    if not path.exists():
        return {}
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Entry(
            entry["hash"],
            entry["mutants"],
            {one["mutant"]: one["because"] for one in entry.get("survivor", [])},
        )
        for name, entry in read.items()
    }


def write(assignment: str, entries: dict[str, Entry]) -> None:
    """Write the table; it is short enough to be read."""
    lines = ["# Made by `make mutants`; what stands under `because` is written by hand."]
    for name, entry in entries.items():
        lines += [f"\n[{name}]", f'hash = "{entry.hash}"']
        lines += [f"mutants = {entry.mutants}", f"killed = {entry.killed}"]
        for mutant, why in entry.survivors.items():
            lines += [f"[[{name}.survivor]]", f"mutant = {_quoted(mutant)}"]
            lines += [f"because = {_quoted(why)}"]
    TABLES.mkdir(exist_ok=True)
    path = TABLES / f"{assignment}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def stale(assignment: str) -> Iterator[str]:
    """Yield what a table lacks, or says that is no longer so; found without grading anything."""
    known = table(assignment)
    exercises = workbench.exercises(answer_bank.source(assignment))
    for name in sorted(set(known) - set(exercises)):
        yield f"{assignment}: {name} is no exercise"
    for name, exercise in exercises.items():
        entry = known.get(name)
        if entry is None or entry.hash != fingerprint(exercise):
            yield f"{assignment}: {name} has changed since its mutants were graded: `make mutants`"
        elif entry.mutants != len(mutants(exercise)):
            yield f"{assignment}: {name} has other mutants now: `make mutants`"
        else:
            for mutant, why in entry.survivors.items():
                if why == TODO or not why:
                    yield f"{assignment}: {name}: nothing sees {mutant}"


def grade(
    exercise: Exercise, bench: workbench.Workbench, say: Callable[[str], None] = print
) -> list[str]:
    """Return the names of the mutants that keep all points, with either seed."""
    survivors = []
    for mutant in mutants(exercise):
        scores = [verdict.score for verdict in bench.verdicts(mutant.code, SEEDS)]
        if max(scores) >= exercise.points:
            survivors.append(mutant.name)
            luck = "" if min(scores) >= exercise.points else "  (by luck)"
            say(f"    {mutant.name}{luck}")
    return survivors


def main() -> int:
    """Grade what has changed; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", metavar="ASSIGNMENT[:EXERCISE]", help="by default all")
    parser.add_argument("--all", action="store_true", help="also what hasn't changed")
    arguments = parser.parse_args()
    named = [one.partition(":") for one in arguments.what or answer_bank.ASSIGNMENTS]
    found = 0
    for assignment in dict.fromkeys(name for name, _, _ in named):
        notebook: nbformat.NotebookNode = answer_bank.source(assignment)
        only = {exercise for name, _, exercise in named if name == assignment and exercise}
        known = table(assignment)
        exercises = workbench.exercises(notebook)
        wanted = [
            name
            for name, exercise in exercises.items()
            if (not only or name in only)
            and (
                arguments.all
                or only
                or name not in known
                or known[name].hash != fingerprint(exercise)
                or known[name].mutants != len(mutants(exercise))
            )
        ]
        for exercise, bench in workbench.benches(notebook, wanted, LIMITS) if wanted else ():
            print(f"{assignment}, {exercise.name}", flush=True)
            survivors = grade(exercise, bench)
            old = known[exercise.name].survivors if exercise.name in known else {}
            known[exercise.name] = Entry(
                fingerprint(exercise),
                len(mutants(exercise)),
                {name: old.get(name, TODO) for name in survivors},
            )
            write(assignment, {name: known[name] for name in exercises if name in known})
        for entry in known.values():
            found += sum(why == TODO for why in entry.survivors.values())
        total = sum(entry.mutants for entry in known.values())
        killed = sum(entry.killed for entry in known.values())
        print(f"{assignment}: {total} mutants of {len(known)} exercises, {killed} killed")
    if found:
        print(f"{found} survivors: test for them, or say in tests/mutants/ why they are right")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
