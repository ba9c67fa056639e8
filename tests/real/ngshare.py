"""ngshare as a JupyterHub's exchange: release, list, fetch, Validate, submit, collect.

    .venv/bin/python tests/real/ngshare.py ["ngshare==0.6.0" "SQLAlchemy<2" …]

It installs what is named in an environment of the service's own, and ngshare_exchange as the book
says. It needs what tests/grading/test_hub.py does, and fetches packages.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "support"), str(ROOT / "tools")]

import make_student_tree  # noqa: E402  (it is one of the tools)
from hub import Person, hub, lacking  # noqa: E402
from pages import inline  # noqa: E402
from people import free_port  # noqa: E402
from small_course import NAME, Course  # noqa: E402

SERVICE = ("ngshare==0.6.0", "SQLAlchemy<2", "alembic==1.13.3")
COURSE = {"course_id": "drinkdeep", "assignment_id": NAME}
SETTINGS = """
from ngshare_exchange import configureExchange
from drinkdeep.desk.validate import configure
c = get_config()
configureExchange(c, "http://127.0.0.1:{port}/services/ngshare")
c.CourseDirectory.course_id = "*"
configure(c)
"""
CONFIG = """
c.JupyterHub.services.append({{
    "name": "ngshare",
    "url": "http://127.0.0.1:{port}",
    "command": ["/opt/ngshare/bin/python", "-m", "ngshare", "--admins", "grace",
                "--database", "sqlite:////opt/ngshare.db", "--storage", "/opt/ngshare-files"],
}})
def begin(spawner):
    own = {{"JUPYTER_CONFIG_PATH": "/opt/settings", "PYTHONPATH": "/opt/exchange"}}
    if spawner.user.name != "grace":
        own["PYTHONPATH"] += ":/opt/drinkdeep"
    spawner.environment = {{**spawner.environment, **own}}
c.Spawner.pre_spawn_hook = begin
"""


def install(folder: Path, service: list[str]) -> None:
    """The service's environment, and the students' exchange."""
    subprocess.run([sys.executable, "-m", "venv", folder / "ngshare"], check=True)
    pip = [folder / "ngshare" / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *service], check=True)
    exchange = inline("course.md", "pip install").split()[2:]
    subprocess.run([*pip, "--target", folder / "exchange", *exchange], check=True)


def way(people: dict[str, Person]) -> None:
    """Go it, and say what each step answers."""
    ada, grace = people["ada"], people["grace"]
    manage = f"{sys.executable} -m ngshare_exchange.course_management"
    for command in (
        f"{manage} create_course drinkdeep grace",
        f"{manage} add_student drinkdeep ada",
        f"cd course && nbgrader release_assignment {NAME} --course drinkdeep",
    ):
        print(grace.type(command))
    print(ada.get("assignments?course_id=drinkdeep"))
    print(ada.press("assignments/fetch", **COURSE))
    print(str(ada.press("assignments/validate", path=f"{NAME}/{NAME}.ipynb"))[:600])
    print(ada.press("assignments/submit", **COURSE))
    print(grace.type(f"cd course && nbgrader collect {NAME} --course drinkdeep && find submitted"))


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("service", nargs="*", default=list(SERVICE))
    service: list[str] = parser.parse_args().service
    if missing := lacking():
        print(f"This is lacking: {', '.join(missing)}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="dd-ngshare-") as name:
        folder, port = Path(name), free_port()
        make_student_tree.write(folder / "opt")
        install(folder / "opt", service)
        (folder / "opt" / "settings").mkdir()
        (folder / "opt" / "settings" / "nbgrader_config.py").write_text(SETTINGS.format(port=port))
        (folder / "home" / "ada").mkdir(parents=True)
        Course(folder / "home" / "grace" / "course").make()
        with hub(folder, ("ada", "grace"), CONFIG.format(port=port)) as people:
            way(people)
    return 0


if __name__ == "__main__":
    sys.exit(main())
