"""What JupyterLab's server answers when *Validate* could not even begin, or *Submit* failed.

``drinkdeep lab`` loads it, by the settings in the folder ``jupyter``. What a notebook's cells give
is said by :mod:`drinkdeep.desk.validate`; but of a cell that is there twice, or of a file that
can't be read, nbgrader would show the traceback before it calls that.
"""

import html
import re
import textwrap
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions import assignment_list, validate_assignment
from nbgrader.server_extensions.assignment_list.handlers import AssignmentList
from nbgrader.server_extensions.validate_assignment.handlers import ValidateAssignmentHandler

from drinkdeep.desk.validate import WIDTH, another_type, not_looked_at
from drinkdeep.nbgrader_version import unread

MISSING = re.compile(r"^\t(.+): MISSING$", re.MULTILINE)


class Validate(ValidateAssignmentHandler):  # type: ignore[misc]
    """nbgrader's, with a sentence in place of a traceback. The server's log has the traceback."""

    def validate_notebook(self, path: str) -> dict[str, Any]:
        """Say what nbgrader answers about the notebook at this path, below the server's folder."""
        answer: dict[str, Any] = super().validate_notebook(path)
        file = Path(self.root_dir).resolve() / path
        if not answer["success"]:
            answer["value"] = not_looked_at(answer["value"].strip().splitlines()[-1], file)
        elif cells := answer["value"].pop("type_changed", None):
            # nbgrader has the two names the wrong way round.
            answer["value"]["failed"] = [
                {
                    "source": cell["source"],
                    "error": html.escape(another_type(cell["old_type"], cell["new_type"], file)),
                }
                for cell in cells
            ]
        return answer


class Assignments(AssignmentList):  # type: ignore[misc]
    """nbgrader's, with a sentence in place of a traceback."""

    def submit_assignment(self, course_id: str, assignment_id: str) -> dict[str, Any]:
        """Hand an assignment in; whether that was done, or what to do."""
        answer: dict[str, Any] = super().submit_assignment(course_id, assignment_id)
        if not answer["success"]:
            answer["value"] = textwrap.fill(_not_handed_in(answer["value"]), WIDTH)
        return answer


def _not_handed_in(error: str) -> str:
    if missing := MISSING.findall(error):
        return (
            f"Nothing was handed in, because the assignment's folder has no {', '.join(missing)}: "
            "rename yours to that, with a right click on it in JupyterLab's file browser, and "
            "submit again."
        )
    return (
        f"Nothing was handed in ({error.strip().splitlines()[-1]}): run `drinkdeep check` in a "
        "terminal, and if all is OK, show this to your teacher."
    )


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Load nbgrader's two extensions, which the settings switch off, with ours in their places.

    The first handler to name an address has it. Which class manages the assignments is one of the
    server's settings. What ours override has no extension point: with a version of nbgrader that
    nobody has read, its own are left as they are.
    """
    refusal = unread("What *Validate* and *Submit* say")
    if refusal:
        server.log.warning(refusal)
    else:
        address = url_path_join(server.base_url, "/assignments/validate")
        server.web_app.add_handlers(".*$", [(address, Validate)])
    validate_assignment.load_jupyter_server_extension(server)
    assignment_list.load_jupyter_server_extension(server)
    if not refusal:
        manager = Assignments(parent=server)
        manager.root_dir = server.root_dir
        server.web_app.settings["assignment_list_manager"] = manager
