"""Reading a notebook that a student handed in, whatever is in the file.

It is rebuilt cell by cell from what can be understood of it.
"""

import json
import re
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.corpus.words import generate_corpus_id
from nbformat.v4 import new_notebook

from drinkdeep.cells import grade_id
from drinkdeep.grading.errors import UnreadableError
from drinkdeep.notebook.file_text import decoded
from drinkdeep.notebook.surrogates import mended
from drinkdeep.notebook.undefined import MERGE

ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_AGAIN = "ask for the notebook again, saved and handed in anew"


def parse_notebook(content: bytes, ids: set[str]) -> tuple[NotebookNode, list[str]]:
    """Make a notebook of today's format of a file, with remarks on it.

    Text, code and nbgrader's ids are all that is taken over: outputs are made anew. ``ids`` are
    those of the assignment, by which one sees whether it is its notebook at all.

    Raises
    ------
    UnreadableError
        If it can't be understood.
    """
    if not content.strip():
        raise UnreadableError(f"The notebook is empty: {_AGAIN}.")
    text, encoding = decoded(content)
    try:
        raw = mended(json.loads(text))
    except RecursionError:
        raise UnreadableError(f"The notebook is nested too deeply: {_AGAIN}.") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"{_not_json(text, error)}: {_AGAIN}.") from None
    except ValueError:  # such as a number that is too long
        raise UnreadableError(f"The notebook is no JSON, as notebooks are: {_AGAIN}.") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("cells", raw.get("worksheets")), list):
        raise UnreadableError(f"The file is JSON but no notebook: {_AGAIN}.")
    if type(raw.get("nbformat")) is not int:
        raw["nbformat"] = nbformat.current_nbformat
    if raw["nbformat"] > nbformat.current_nbformat:
        raise UnreadableError(
            f"The notebook has format {raw['nbformat']}, which is newer than what can be read: "
            f"save it in format {nbformat.current_nbformat} and hand it in again."
        )
    notes = []
    if encoding:
        notes.append(
            f"The notebook is text in {encoding}, and should be in UTF-8: see whether its special "
            "characters are right."
        )
    if raw["nbformat"] < nbformat.current_nbformat:
        notes.append(f"The notebook had the old format {raw['nbformat']}, and was converted.")
        try:
            raw = nbformat.reads(json.dumps(raw), as_version=nbformat.current_nbformat)
        except Exception:
            raise UnreadableError(
                f"The notebook says that it has the old format {raw['nbformat']}, and has not: "
                f"{_AGAIN}."
            ) from None
    notebook = _rebuilt(raw)
    if language := _other_language(raw):
        notes.append(f"The notebook says that it is written in {language}; it was run as Python.")
    if ids and not ids & {grade_id(cell) for cell in notebook.cells}:
        notes.append(
            "No cell of the assignment is in the notebook: it is another one, or it has lost its "
            "metadata; answers were looked for by ids, names and the text above them: see whether "
            "those in words were found."
        )
    return notebook, notes


def _not_json(text: str, error: json.JSONDecodeError) -> str:
    """Return what is wrong with a text that should be JSON."""
    if mark := MERGE.search(text):
        line = 1 + text[: mark.start()].count("\n")
        return f"The notebook has the marks of a merge that nobody finished, in line {line}"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return "The notebook breaks off in the middle, as if it was not saved whole"
    where = f"line {error.lineno}, character {error.colno}: {error.msg}"
    return f"The notebook is no JSON, as notebooks are ({where})"


def _other_language(raw: dict[str, Any]) -> str:
    """Return the language that a notebook says it is written in, if that isn't Python."""
    metadata = raw.get("metadata")
    # A kernel's name, which anybody may give it, is no language.
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(part, dict) and isinstance(part.get(name), str) and part[name]:
            python = part[name].lower().startswith(("python", "ipython"))
            return "" if python else str(part[name])[:40]
    return ""


def _rebuilt(raw: dict[str, Any]) -> NotebookNode:
    """Return the notebook with what can be understood of each cell."""
    cells = []
    taken: set[str] = set()
    for old in raw["cells"] if isinstance(raw.get("cells"), list) else []:
        if not isinstance(old, dict):
            continue
        # Of a type that is another program's own, such as "sql", the text is kept.
        kind = next((k for k in ("code", "markdown") if old.get("cell_type") == k), "raw")
        number = old.get("id")
        if not (isinstance(number, str) and ID.fullmatch(number)) or number in taken:
            number = generate_corpus_id()
        taken.add(number)
        cell = _cell(kind, _joined(old.get("source")), number)
        metadata = old.get("metadata")
        nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        if isinstance(nbgrader, dict):
            cell.metadata = nbformat.from_dict({"nbgrader": nbgrader})
        if isinstance(old.get("attachments"), dict) and cell.cell_type != "code":
            cell.attachments = nbformat.from_dict(old["attachments"])
            try:
                nbformat.validate(new_notebook(cells=[cell]))
            except nbformat.ValidationError:
                del cell["attachments"]
        cells.append(cell)
    notebook: NotebookNode = new_notebook(cells=cells)
    return notebook


def _cell(kind: str, source: str, number: str) -> NotebookNode:
    """As nbformat's functions make one; they look each time whether it is what they have made."""
    cell: dict[str, Any] = {"cell_type": kind, "id": number, "metadata": {}, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    made: NotebookNode = nbformat.from_dict(cell)
    return made


def _joined(source: Any) -> str:
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    # Windows' line ends would make a text differ from itself.
    return source.replace("\r\n", "\n").replace("\r", "\n") if isinstance(source, str) else ""
