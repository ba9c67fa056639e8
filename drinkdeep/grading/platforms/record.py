"""What has been taken in before: by it a later archive is told from what was changed here."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drinkdeep.grading.platforms.taking import Taken


@dataclass
class Record:
    """What has been taken in before: ``grading/ASSIGNMENT.archive.json``."""

    path: Path
    platform: str
    students: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, assignment: str) -> "Record":
        """Read it; an empty one if there is none."""
        path = Path("grading") / f"{assignment}.archive.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(path, found["platform"], found["students"])
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path, "", {})

    def digest(self, student: str) -> str:
        """Return the digest of what was taken in; "" if nothing was."""
        return str(self.students.get(student, {}).get("digest", ""))

    def enter(self, platform: str, taken: Taken) -> None:
        """Remember what was taken in."""
        self.platform = platform
        self.students[taken.student] = {
            "names": [one.top.name for one in taken.owned],
            "reading": asdict(taken.owned[-1].reading),
            "digest": taken.digest,
        }

    def write(self) -> None:
        """Write it down."""
        new = self.path.with_suffix(".new")
        found = {"platform": self.platform, "students": dict(sorted(self.students.items()))}
        new.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(self.path)
