"""JupyterLab's server: whose answers it gives, ours or nbgrader's own."""

from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp
from nbgrader.server_extensions.assignment_list.handlers import AssignmentList
from nbgrader.server_extensions.validate_assignment.handlers import ValidateAssignmentHandler
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPServerRequest, RequestStartLine

from drinkdeep import nbgrader_version
from drinkdeep.desk import server


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServerApp:
    """A server as it is when it loads its extensions."""
    monkeypatch.chdir(tmp_path)
    app = ServerApp()
    options = [f"--ServerApp.root_dir={tmp_path}", "--ServerApp.open_browser=False"]
    # None of it is served: no port is bound, and no extension of this machine's is loaded.
    app.initialize(argv=options, find_extensions=False, new_httpserver=False)
    return app


def who_validates(app: ServerApp) -> type:
    """The class that answers *Validate*."""
    asked = RequestStartLine("POST", f"{app.base_url}assignments/validate", "HTTP/1.1")
    headers = HTTPHeaders({"Host": "localhost"})
    request = HTTPServerRequest(start_line=asked, headers=headers, connection=HTTPConnection())
    found: type = app.web_app.find_handler(request).handler_class
    return found


def test_with_the_nbgrader_that_was_read_the_answers_are_ours(app: ServerApp) -> None:
    server._load_jupyter_server_extension(app)
    assert who_validates(app) is server.Validate
    assert type(app.web_app.settings["assignment_list_manager"]) is server.Assignments


def test_with_another_nbgrader_its_own_answer_and_the_log_says_so(
    app: ServerApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(nbgrader_version, "WRITTEN_FOR", "0.9.5")
    app.log.propagate = True
    with caplog.at_level("WARNING", app.log.name):
        server._load_jupyter_server_extension(app)
    assert who_validates(app) is ValidateAssignmentHandler
    assert type(app.web_app.settings["assignment_list_manager"]) is AssignmentList
    assert "What *Validate* and *Submit* say was written for nbgrader 0.9.5" in caplog.text
