"""What the back matter says about the chapters is so: links, sections, boxes, controls, numbers.

The pages keep three conventions, which their readers are told and these tests read:

- ``§ *Heading*`` names a section of the chapter that was linked last before it, in the same
  paragraph or row, in the guide in the same part of the page;
- in the guide's part on a chapter, all that stands between “ ” is the title of a box or a choice
  of that chapter;
- there, a code span such as ```learning rate α = 0.25``` is a control and a value that it can take.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest

from drinkdeep import mnist

BOOK = Path(__file__).parents[2] / "book"
PAGES = ("glossary.md", "folklore.md", "article_map.md", "teaching.md")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
LINK_OR_SECTION = re.compile(
    r"\]\((?P<page>(?:\d\d_\w+|mnist|faster)\.ipynb)\)|§\s+\*(?P<heading>[^*]+)\*"
)


def flat(text: str) -> str:
    """The text on one line, for pages and chapters break their lines at different places."""
    return " ".join(text.split())


def read(page: str) -> str:
    return (BOOK / page).read_text(encoding="utf-8")


@cache
def cells(chapter: str, kind: str) -> list[nbformat.NotebookNode]:
    notebook = nbformat.read(BOOK / chapter, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


@cache
def prose(chapter: str) -> str:
    return "\n\n".join(cell.source for cell in cells(chapter, "markdown"))


@cache
def printed(chapter: str) -> str:
    """What the committed cells of a chapter put out as text, its figures' alternatives included."""
    outputs = [output for cell in cells(chapter, "code") for output in cell.outputs]
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs
    ]
    return "\n".join(texts)


@cache
def headings(chapter: str) -> set[str]:
    return {flat(title) for title in re.findall(r"^#{2,3} (.+)$", prose(chapter), re.MULTILINE)}


def sections(page: str) -> Iterator[tuple[str, str]]:
    """Each (chapter, heading) that the page names with §."""
    cut = r"\n(?=#{2,3} |\|)" if page == "teaching.md" else r"\n(?=\|)|\n\n"
    for part in re.split(cut, read(page)):
        chapter = None
        for found in LINK_OR_SECTION.finditer(part):
            if found["page"]:
                chapter = found["page"]
            else:
                assert chapter, f"§ {found['heading']} follows no link"
                yield chapter, flat(found["heading"])


@pytest.mark.parametrize("page", PAGES)
def test_each_link_leads_to_a_page_of_the_book(page: str) -> None:
    targets = LINK.findall(read(page))
    assert targets
    assert [target for target in targets if not (BOOK / target).is_file()] == []


@pytest.mark.parametrize("page", ["folklore.md", "article_map.md", "teaching.md"])
def test_each_section_named_is_a_section_of_its_chapter(page: str) -> None:
    named = list(sections(page))
    assert len(named) >= 20
    assert [pair for pair in named if pair[1] not in headings(pair[0])] == []


# The glossary


def entries() -> list[tuple[str, str]]:
    (body,) = re.findall(r"^```\{glossary\}\n(.*?)^```$", read("glossary.md"), re.M | re.S)
    found = re.findall(r"^\*\*(.+)\*\*\n((?:  .+\n)+)", body, re.MULTILINE)
    assert len(found) == len(re.findall(r"^\S", body, re.MULTILINE)), "a term without a definition"
    return [(term.strip("`"), flat(definition)) for term, definition in found]


def test_the_glossary_is_in_order_and_names_nothing_twice() -> None:
    terms = [term.casefold() for term, _ in entries()]
    assert len(terms) >= 60
    assert terms == sorted(set(terms))


def test_the_glossary_has_a_way_to_each_first_letter() -> None:
    ways = re.findall(r"\{term\}`(\S+) <(.+?)>`", read("glossary.md"))
    firsts: dict[str, str] = {}
    for term, _ in entries():
        firsts.setdefault(term[0].upper(), term)
    assert dict(ways) == firsts


@pytest.mark.parametrize(("term", "definition"), entries(), ids=lambda text: text[:20])
def test_a_term_is_used_in_the_chapter_that_teaches_it(term: str, definition: str) -> None:
    said = re.search(
        r"^(?P<words>.+\.) → \[(?:Chapter (?P<number>\d)|Where the time goes)\]"
        r"\((?P<page>[^#\s]+)(#(?P<section>\S+))?\)$",
        definition,
    )
    assert said, "a definition ends with a full stop and the link to its chapter"
    assert said["page"].startswith(f"0{said['number']}_" if said["number"] else "faster.")
    # All-reduce is only named in the chapter's opening.
    assert said["section"] or term == "All-reduce", "it leads to the section and not to the chapter"
    assert 5 <= len(said["words"].split()) <= 50
    # Accumulation stands for accumulate, Convexity for convex: the beginning of the word.
    stem = re.escape(term.casefold()[: max(5, len(term) - 3)])
    assert re.search(rf"(?<!\w){stem}", flat(prose(said["page"])).casefold())


# Numbers


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text))


def claimed(text: str) -> set[str]:
    """The numbers above 9 and with a point that stand outside formulas, links and code.

    What is inside a formula is derived there; all others a chapter must have printed or said.
    """
    bare = re.sub(r"\$[^$]*\$|\]\([^)]*\)|`[^`]*`|[Cc]hapter \d", " ", text)
    return numbers(bare) - set("0123456789")


def pieces() -> Iterator[tuple[str, set[str], set[str]]]:
    """Each entry of glossary and folklore: its name, its numbers, the chapters that it links."""
    for term, definition in entries():
        yield term, claimed(definition), set(LINK.findall(definition))
    for entry in re.split(r"^### ", read("folklore.md"), flags=re.MULTILINE)[1:]:
        yield entry.split("\n")[0], claimed(entry), set(LINK.findall(entry))


@pytest.mark.parametrize(
    ("name", "found", "chapters"), list(pieces()), ids=[name[:24] for name, _, _ in pieces()]
)
def test_each_number_is_in_a_linked_chapter(name: str, found: set[str], chapters: set[str]) -> None:
    if "0.1307" in name:
        found = found - {"0.1307", "0.3081"}  # taken from the data by the next test
    known = set().union(*(numbers(prose(page) + printed(page)) for page in chapters))
    assert found <= known, name


def test_the_two_numbers_of_folklore_are_the_mean_and_deviation_of_the_pixels() -> None:
    pixels = (mnist.tensors(train=True)[0].double() + 1) / 2
    assert f"“MNIST must be normalized with {pixels.mean():.4f} and {pixels.std():.4f}”" in read(
        "folklore.md"
    )


def test_each_correction_says_what_is_said_and_where_the_truth_is_shown() -> None:
    corrections = re.split(r"^### ", read("folklore.md"), flags=re.MULTILINE)[1:]
    assert 15 <= len(corrections) <= 20
    for correction in corrections:
        title, said, *_, shown = re.split(r"\n\n", correction.split("\n## ")[0].strip())
        assert re.fullmatch(r"“.+”", title)
        assert len(said.split()) >= 20, title
        assert shown.startswith("Shown in ["), title
        assert "§" in shown, title


# The article


def test_the_map_goes_through_the_article_row_by_row() -> None:
    rows = [row for row in read("article_map.md").split("\n") if row.startswith("| ")]
    body = [row for row in rows if not row.startswith(("| what", "| ---"))]
    assert len(body) >= 40
    for row in body:
        said, here = (cell.strip() for cell in row.strip("|").split(" | "))
        place, exact = here.split(" — ", 1)
        assert LINK.search(place), said
        assert len(said) > 10, row
        assert len(exact) > 10, row
    lost = [row for row in body if "*The picture is lost.*" in row]
    assert len(lost) == 5, "five pictures of the article are lost, and each has a successor"


# The guide for teachers


def guides() -> dict[str, str]:
    """The guide's part on each chapter, by the chapter's file."""
    found = re.findall(
        r"^### \[[^\]]+\]\((\S+)\)\n(.*?)(?=^#{2,3} )", read("teaching.md"), re.M | re.S
    )
    return dict(found)


def test_the_guide_has_a_part_on_every_chapter_with_all_that_a_lesson_takes() -> None:
    assert sorted(guides()) == sorted(path.name for path in BOOK.glob("[0-9][0-9]_*.ipynb"))
    for chapter, guide in guides().items():
        leads = re.findall(r"^\*\*([^*]+)[.:]\*\*", guide, re.MULTILINE)
        wanted = ["The one idea", "They need", "Show live", "Vote", "Behind the mistakes"]
        assert [lead for lead in leads if lead != "The riddle"] == [
            *wanted,
            "Discuss",
            "Short of time",
        ], chapter
        (discuss,) = re.findall(r"^\*\*Discuss\.\*\* (.+?)\n\n", guide, re.M | re.S)
        assert discuss.count("?") == 2, chapter


@pytest.mark.parametrize("chapter", sorted(guides()))
def test_what_the_guide_quotes_is_in_the_chapter(chapter: str) -> None:
    quotes = [flat(quote) for quote in re.findall(r"“([^”]+)”", guides()[chapter])]
    titles = [
        flat(title)
        for title in re.findall(r"^:{3,}\{(?:admonition|dropdown)\} (.+)$", prose(chapter), re.M)
    ]
    said = {title.split(": ", 1)[1] if title.startswith("Classic") else title for title in titles}
    assert len(quotes) >= 3
    assert [quote for quote in quotes if quote not in said] == []


@pytest.mark.parametrize("chapter", sorted(guides()))
def test_the_guide_speaks_of_every_classic_mistake(chapter: str) -> None:
    mistakes = re.findall(r"^:::\{admonition\} Classic mistakes?: (.+)$", prose(chapter), re.M)
    assert mistakes
    assert [name for name in mistakes if f"“{name}”" not in flat(guides()[chapter])] == []


def controls(chapter: str) -> Iterator[tuple[str, str, list[ast.expr]]]:
    """Each control of a chapter's interactive figures: its kind, label and further arguments."""
    for cell in cells(chapter, "code"):
        if "explore(" not in cell.source:
            continue
        for call in ast.walk(ast.parse(cell.source)):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            if call.func.id in ("Slider", "Choice", "Toggle"):
                label, *arguments = call.args
                yield call.func.id, ast.literal_eval(label), arguments


def takes(chapter: str, label: str, value: str) -> bool:
    """Whether a control of that label in the chapter can be brought to that value."""
    for kind, name, arguments in controls(chapter):
        if name != label:
            continue
        if kind == "Slider":
            start, stop, step = (ast.literal_eval(argument) for argument in arguments[:3])
            steps = (float(value) - start) / step
            if start <= float(value) <= stop and abs(steps - round(steps)) < 1e-6:
                return True
        if kind == "Toggle" and value in ("on", "off"):
            return True
        # Options may be made by the cells, so the option's name must stand in one of them.
        if kind == "Choice" and any(f'"{value}"' in c.source for c in cells(chapter, "code")):
            return True
    return False


@pytest.mark.parametrize("chapter", sorted(guides()))
def test_each_setting_in_the_guide_can_be_set(chapter: str) -> None:
    settings = re.findall(r"`([^`=]+) = ([^`]+)`", guides()[chapter])
    assert settings, "something is shown live in every chapter"
    assert [setting for setting in settings if not takes(chapter, *setting)] == []


def main_line(chapter: str) -> str:
    """The chapter's text up to its self-check, without the sections marked as second readings."""
    text = prose(chapter).split("\n## Check yourself")[0]
    kept, skipped = [], 0  # skipped: the level of the heading under which a second reading lasts
    for part in re.split(r"^(?=#{2,3} )", text, flags=re.MULTILINE):
        level = 3 if part.startswith("### ") else 2
        if skipped and level > skipped:
            continue
        skipped = level if ":class: second-reading" in part else 0
        if not skipped:
            kept.append(part)
    return "".join(kept)


def test_reading_times_are_those_of_the_chapters_main_lines() -> None:
    rows = re.findall(r"^\d\. \[[^\]]+\]\((\S+)\), (\d+) min to read", read("teaching.md"), re.M)
    assert len(rows) == 8
    for chapter, minutes in rows:
        words = len(re.sub(r"\$\$.*?\$\$", "", main_line(chapter), flags=re.DOTALL).split())
        assert abs(words / 150 - int(minutes)) <= 1, f"{chapter}: {words} words"
        assert int(minutes) <= 30, chapter


@pytest.mark.parametrize("chapter", ["01_cost.ipynb", "02_gradient_descent.ipynb"])
def test_a_second_reading_is_marked_and_is_left_out_of_the_main_line(chapter: str) -> None:
    assert ":class: second-reading" in prose(chapter)
    assert ":class: second-reading" not in main_line(chapter)
    assert "## The answer" in main_line(chapter)


def test_a_session_of_the_long_plan_fills_ninety_minutes() -> None:
    plans = re.findall(r"^\d\. \[.+ In class: (.+)\.$", read("teaching.md"), re.MULTILINE)
    assert len(plans) == 8
    for plan in plans:
        assert sum(int(step.split()[0]) for step in plan.split("; ")) == 90, plan
