"""Begin a new exercise: task, hints, solution, tests and bank of answers, to be rewritten.

    python tools/new_exercise.py 01_cost twice --title "Twice as much" --points 2

adds an exercise to the assignment, before its answer in words. It keeps all of the rules, and can
be released and graded at once; then replace it piece by piece. What to run next, it says.
"""

import argparse
import copy
import keyword
import re
import sys

import answer_bank
import make_release
import nbformat
import notebooks
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from drinkdeep.cells import grade_id, has_role
from drinkdeep.grading.judging.assignment import TEST_PREFIX, Assignment

NUMBER = re.compile(r"^## (\d+)\.", re.MULTILINE)

TASK = """\
## {number}. {title} · {points:g} point{s}

Given a tensor $x$ of shape (N), give twice each of its elements, $2 x_i$.

:::{{dropdown}} Hint 1
What happens to a tensor when it is multiplied by a number?
:::
:::{{dropdown}} Hint 2
Every element is multiplied, whatever its sign.
:::"""

SOLUTION = '''\
def {name}(x):
    """Twice each element.

    x: tensor of shape (N,).
    Returns a tensor of shape (N,).

    Example: x = [1, 3] gives [2, 6].
    """
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION'''

TEST = """\
expect(
    observe({name}(torch.tensor([1.0, 3.0]))),
    torch.tensor([2.0, 6.0]),
    hint="Multiply every element by two.",
    mistakes=[(torch.tensor([1.0, 9.0]), "You squared each element. Multiply it by two.")],
)
### BEGIN HIDDEN TESTS
x = torch.randn(7, generator=fresh({number}))
expect(observe({name}(x)), {name}(x), hint="Negative elements are doubled like all others.")
### END HIDDEN TESTS
all_met()"""

ANSWERS = """

# %% {name} | right
def {name}(x):
    return x + x


# %% {name} | right
def {name}(x):
    return torch.stack([2 * element for element in x])


# %% {name} | wrong | 0 | You squared each element
def {name}(x):
    return x**2


# %% {name} | wrong | 0 | Multiply every element by two
def {name}(x):
    return x


# %% {name} | wrong | 0 | Negative elements are doubled
def {name}(x):
    return 2 * x.abs()
"""


def added(notebook: NotebookNode, name: str, title: str, points: float) -> NotebookNode:
    """Return the source notebook with the new exercise before its answer in words."""
    result = copy.deepcopy(notebook)
    model = next(iter(Assignment(result).exercises.values()))
    place = next(
        i
        for i, cell in enumerate(result.cells)
        if cell.cell_type == "markdown" and has_role(cell, "grade")
    )
    # The task of the answer in words stands above it, under the heading that now moves on.
    while not NUMBER.search(result.cells[place].source):
        place -= 1
    words = result.cells[place]
    number = int(NUMBER.search(words.source)[1])  # type: ignore[index]
    words.source = NUMBER.sub(f"## {number + 1}.", words.source)
    text = {
        "name": name,
        "title": title,
        "points": points,
        "number": number,
        "s": "" if points == 1 else "s",
    }
    solution = new_code_cell(
        SOLUTION.format(**text), metadata=copy.deepcopy(model.solution.metadata)
    )
    solution.metadata.nbgrader.grade_id = name
    test = new_code_cell(TEST.format(**text), metadata=copy.deepcopy(model.test.metadata))
    test.metadata.nbgrader.update(grade_id=TEST_PREFIX + name, points=points)
    result.cells[place:place] = [new_markdown_cell(TASK.format(**text)), solution, test]
    total = sum(c.metadata.nbgrader.points for c in result.cells if has_role(c, "grade"))
    for cell in result.cells:
        cell.source = make_release.TOTAL.sub(f"There are {total:g} points in all.", cell.source)
    return result


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("assignment", choices=answer_bank.ASSIGNMENTS)
    parser.add_argument("name", help="of the function that students write")
    parser.add_argument("--title", help="the heading; by default made of the name")
    parser.add_argument("--points", type=float, default=2)
    chosen = parser.parse_args()
    source = answer_bank.source(chosen.assignment)
    taken = {grade_id(cell) for cell in source.cells}
    if not chosen.name.isidentifier() or keyword.iskeyword(chosen.name):
        print(f"{chosen.name} can't be the name of a function: choose another.", file=sys.stderr)
        return 1
    if chosen.name in taken:
        print(f"{chosen.assignment} has a {chosen.name} already: choose another.", file=sys.stderr)
        return 1
    title = chosen.title or chosen.name.replace("_", " ").capitalize()
    notebook = added(source, chosen.name, title, chosen.points)
    notebooks.normalize(notebook)
    path = answer_bank.ROOT / "solutions" / chosen.assignment / f"{chosen.assignment}.ipynb"
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    answers = answer_bank.ROOT / "tests" / "answers" / f"{chosen.assignment}.py"
    with answers.open("a", encoding="utf-8") as file:
        file.write(ANSWERS.format(name=chosen.name))
    print(f"{title} is in {path.relative_to(answer_bank.ROOT)}, and its answers are in")
    print(f"{answers.relative_to(answer_bank.ROOT)}. Rewrite both, and then:")
    print(f"    make record NOTEBOOKS={path.relative_to(answer_bank.ROOT)}")
    print("    make release")
    print(f"    make bank ASSIGNMENTS={chosen.assignment}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
