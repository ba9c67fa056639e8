"""Every chapter has the parts that CONTRIBUTING.md promises its readers."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

BOOK = Path(__file__).parents[2] / "book"
NUMBERED = sorted(BOOK.glob("[0-9][0-9]_*.ipynb"))
CHAPTERS = [*NUMBERED, BOOK / "mnist.ipynb"]
# A MyST block: its colons, its title, its class, and all up to the same number of colons.
BLOCK = (
    r"^(?P<colons>:{3,})\{admonition\} (?P<title>[^\n]*)\n:class: %s\n(?P<body>.*?)\n(?P=colons)$"
)
CHOICE = re.compile(r"^:::\{dropdown\} [^\n]+\n(?P<body>.*?)\n:::$", re.MULTILINE | re.DOTALL)


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in cells(path, "markdown"))


def blocks(path: Path, name: str) -> list[re.Match[str]]:
    return list(re.finditer(BLOCK % name, prose(path), re.MULTILINE | re.DOTALL))


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_the_course_has_its_eight_chapters() -> None:
    assert [path.stem[:2] for path in NUMBERED] == [f"{number:02}" for number in range(8)]


def test_it_opens_with_one_question_and_closes_with_its_answer(chapter: Path) -> None:
    (question,) = blocks(chapter, "question")
    (answer,) = blocks(chapter, "answer")
    assert "?" in question["body"]
    text = prose(chapter)
    assert text.startswith("# ")
    assert question.start() < text.index("\n## ") < answer.start() < text.index("\n## Summary")


def test_the_reader_commits_to_a_guess_and_checks_themselves(chapter: Path) -> None:
    assert len(blocks(chapter, "predict")) >= 2
    assert len(blocks(chapter, "check")) >= 4


def test_every_choice_has_an_explanation_of_its_own(chapter: Path) -> None:
    for block in blocks(chapter, "(?:predict|check)"):
        bodies = [choice["body"].strip() for choice in CHOICE.finditer(block["body"])]
        assert len(bodies) >= 2, block["title"]
        assert len(set(bodies)) == len(bodies), block["title"]
        assert all(len(body) > 20 for body in bodies), block["title"]
        right = [body.startswith("Right") for body in bodies]
        assert sum(right) == 1, f"{block['title']}: one choice starts with “Right”"


def test_mistakes_are_made_and_not_only_told(chapter: Path) -> None:
    assert len(blocks(chapter, "mistake")) >= 1


def test_it_has_an_interactive_figure(chapter: Path) -> None:
    assert any("explore(" in cell.source for cell in cells(chapter, "code"))


def test_it_names_its_sources(chapter: Path) -> None:
    sources = prose(chapter).split("\n## Sources", 1)[1]
    assert re.search(r"\{cite(:t)?\}`", sources)


def alternatives(path: Path) -> list[str]:
    """The words of every figure, as they are committed."""
    texts = [
        "".join(output.data["text/plain"])
        for cell in cells(path, "code")
        for output in cell.outputs
        if "data" in output and "text/plain" in output.data
    ]
    return [
        text.split(": ", 1)[1]
        for text in texts
        if text.startswith(("Figure: ", "Interactive figure: "))
    ]


def test_every_figure_says_in_words_what_it_shows(chapter: Path) -> None:
    words = alternatives(chapter)
    assert len(words) >= 3
    assert len(set(words)) == len(words)
    assert all(len(text) >= 60 for text in words), min(words, key=len)


def test_cells_that_show_figures_hide_their_code(chapter: Path) -> None:
    for cell in cells(chapter, "code"):
        if "alt=" in cell.source or "explore(" in cell.source:
            tree = ast.parse(cell.source)
            imports = any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body)
            assert imports or "hide-input" in cell.metadata.get("tags", []), cell.source


def printed(path: Path) -> str:
    """All that the cells of a chapter print, as it is committed."""
    return "".join(
        output.get("text", "") for cell in cells(path, "code") for output in cell.outputs
    )


@pytest.mark.parametrize(
    ("chapter", "promise", "print_out"),
    [
        ("00_naive_network", "names about one handwritten digit in ten", "their mean: 10%"),
        ("06_training", "it is nine in ten", "accuracy again: 90%"),
        ("07_drink_deeper", "more than ninety-eight in a hundred", "mean at least 98.0 %: True"),
    ],
)
def test_the_first_page_promises_what_the_chapters_print(
    chapter: str, promise: str, print_out: str
) -> None:
    first_page = (BOOK / "index.md").read_text(encoding="utf-8")
    assert " ".join(promise.split()) in " ".join(first_page.split())
    assert print_out in printed(BOOK / f"{chapter}.ipynb")
