"""What JupyterLab's server answers when *Validate* could not even begin.

``drinkdeep lab`` loads it, by the settings in the folder ``jupyter``. What a notebook's cells give
is said by :mod:`drinkdeep.validation`; but of a cell that is there twice, or of a file that can't
be read, nbgrader would show the traceback before it calls that.
"""

import re
import shlex
import textwrap
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions.validate_assignment.handlers import ValidateAssignmentHandler

from drinkdeep.validation import WIDTH

# The file or the disk, or no kernel, rather than what is in the notebook.
OF_THE_MACHINE = re.compile(r"\[Errno \d+\]|NoSuchKernel|RuntimeError")


class Handler(ValidateAssignmentHandler):  # type: ignore[misc]
    """nbgrader's, with a sentence in place of a traceback. The server's log has the traceback."""

    def validate_notebook(self, path: str) -> dict[str, Any]:
        """What nbgrader answers about the notebook at this path, below the server's folder."""
        answer: dict[str, Any] = super().validate_notebook(path)
        if not answer["success"]:
            error = answer["value"].strip().splitlines()[-1]
            file = Path(self.root_dir).resolve() / path
            answer["value"] = _words(error, file)
        return answer


def _words(error: str, file: Path) -> str:
    """What to do about an error, and below it the command that does so, to be copied."""
    if OF_THE_MACHINE.search(error):
        sentence = (
            f"The notebook was not run ({error}): this command, in a terminal, says what is "
            "missing, and what to do:"
        )
        command = "drinkdeep check"
    else:
        sentence = (
            "This notebook can't be looked at, because a cell is in it twice or its file is "
            "damaged: this command, in a terminal, brings it back and keeps your answers:"
        )
        command = f"drinkdeep restore {shlex.quote(str(file))}"
    return f"{textwrap.fill(sentence, WIDTH)}\n{command}"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    # The server loads extensions by their names, and the first to name an address has it.
    address = url_path_join(server.base_url, "/assignments/validate")
    server.web_app.add_handlers(".*$", [(address, Handler)])
