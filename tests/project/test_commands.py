"""Each command that the pages for instructors print is run by a test, or is said to be run by none.

What stands in a fenced block of *A course with grades* is run in its order by
tests/exercises/test_teaching.py. For all else there is a line here.
"""

import ast
from pathlib import Path

import pytest
from pages import blocks, inline_commands

ROOT = Path(__file__).parents[2]
PAGES = ("course.md", "cluster.md", "teaching.md")
TERM = "tests/exercises/test_teaching.py"
SLURM = "tests/support/slurm.py::recipe"
BY_HAND = "tests/grading/test_cluster.py::test_the_book_s_own_commands_grade_by_hand"
SPREADSHEET = f"{TERM}::test_a_class_from_a_spreadsheet_is_entered"
OTHER_WAYS = f"{TERM}::test_the_other_ways_to_grade_work"

RUN_BY = {
    "make book": "tests/conftest.py::site",
    "make lab": "tests/desk/test_student_tree.py::test_lab_can_be_made",
    "make lab TORCH=cpu": "tests/project/test_ready.py",
    "make bank ASSIGNMENTS=04_losses": "tests/exercises/test_answers.py",
    "make grade ASSIGNMENT=01_cost": OTHER_WAYS,
    'make grade ASSIGNMENT=01_cost OPTIONS="--student ada --force --feedback"': OTHER_WAYS,
    "make test": ".ci/run",
    "nbgrader autograde": OTHER_WAYS,
    "drinkdeep students FILE.csv": SPREADSHEET,
    "nbgrader db student import": SPREADSHEET,
    "nbgrader zip_collect": "tests/grading/test_archives.py",
    "drinkdeep feedback 01_cost": (
        "tests/grading/test_collect.py::test_feedback_goes_back_to_whom_the_archive_named"
    ),
    "bwrap --ro-bind / / --unshare-all true": (
        "tests/grading/test_cluster.py"
        "::test_a_worker_s_right_to_make_namespaces_is_seen_by_the_page_s_command"
    ),
    "dask scheduler": BY_HAND,
    "dask worker": BY_HAND,
    "drinkdeep grade 01_cost --scheduler tcp://scheduler:8786": BY_HAND,
    "python3 -m http.server": "tests/conftest.py::serve",
}
FENCED = {
    "make grade ASSIGNMENT=01_cost\n": OTHER_WAYS,
    "--scheduler tcp://": BY_HAND,
    "dask worker": BY_HAND,
    "openssl": SLURM,
    "--scheduler tls://": SLURM,
    "MoodleWorksheet": f"{TERM}::test_moodle_s_worksheet_is_filled",
}
"""What a block that isn't run in its page's order holds."""
NOT_RUN = {
    "sudo -E pip install -r /opt/drinkdeep/requirements.txt /opt/drinkdeep": "a machine of its own",
    "sudo systemctl reload apparmor": "an Ubuntu of its own",
    "docker build --tag registry.example.org/course:2026 .": "a registry, and Docker",
    "kubectl apply --namespace=grading --filename=grading.yaml": "a cluster",
    "ngshare-course-management create_course drinkdeep grace": "ngshare",
    "pip install --no-deps ngshare_exchange==0.5.3 rapidfuzz": "ngshare",
}
"""What would take a system that no test has; the pages say of each that it was not run."""


def in_order() -> list[str]:
    """The commands of the blocks that are run in the order of their page."""
    lines = "\n".join(blocks("course.md", "sh")).splitlines()
    return [line.strip() for line in lines]


@pytest.mark.parametrize("page", PAGES)
def test_each_command_in_a_sentence_is_run(page: str) -> None:
    beginnings = tuple(in_order())
    left = [
        command
        for command in inline_commands(page)
        if command not in RUN_BY | NOT_RUN
        and not any(line.startswith(command) for line in beginnings)
    ]
    assert left == []


@pytest.mark.parametrize("page", PAGES)
def test_each_block_of_commands_is_run(page: str) -> None:
    given = [*blocks(page, "text"), *(blocks(page, "sh") if page != "course.md" else [])]
    commands = [text for text in given if not text.startswith("https://")]
    assert [text for text in commands if not any(part in text for part in FENCED)] == []


def test_what_is_named_here_is_there() -> None:
    """Each test by its name, and each command on a page."""
    for place in {*RUN_BY.values(), *FENCED.values()}:
        path, _, name = place.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        if name:
            functions = {n.name for n in ast.walk(ast.parse(text)) if hasattr(n, "name")}
            assert name in functions, place
    said = {command for page in PAGES for command in inline_commands(page)}
    assert {*RUN_BY, *NOT_RUN} - said == set()
    printed = "".join(text for page in PAGES for text in blocks(page, "text", "sh"))
    assert [part for part in FENCED if part not in printed] == []
