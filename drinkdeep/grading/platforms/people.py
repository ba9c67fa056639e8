"""Who is meant by what a platform wrote: the student of the gradebook, or what settles it."""

from collections import defaultdict
from typing import TYPE_CHECKING
from unicodedata import normalize

from drinkdeep.grading.platforms import unpack
from drinkdeep.grading.platforms.archive import Top
from drinkdeep.grading.platforms.names import (
    MOODLE,
    PLAIN,
    Reading,
    is_anonymous,
    plain_readings,
    readings,
    which_notebook,
)
from drinkdeep.grading.platforms.roster import (
    Person,
    Roster,
    add_command,
    agree,
    students_of,
)
from drinkdeep.grading.printable import listed

if TYPE_CHECKING:
    from nbgrader.api import Gradebook


NOBODY = "Participant"
"""What Moodle calls everybody in an archive while it hides who they are."""
BY_A_GROUP = (
    "if a group has handed it in, Moodle doesn't say who is in it, so put it into submitted/ of "
    "its members yourself"
)


class People:
    """Who is meant by what the platform wrote."""

    def __init__(
        self,
        form: str,
        roster: Roster | None,
        gradebook: "Gradebook",
        *,
        lms_column: str,
        notebooks: list[str],
        add_students: bool,
    ) -> None:
        """Look them up.

        Parameters
        ----------
        form
            Who has named the files.
        roster
            The platform's list, if there is one.
        gradebook
            The students of the course.
        lms_column
            The column of the list in which nbgrader's ``lms_user_id`` stands.
        notebooks
            The names of the assignment's.
        add_students
            Whether people whom the gradebook lacks are entered into it.
        """
        self._form, self._roster, self._gradebook = form, roster, gradebook
        self._column, self._notebooks, self._add = lms_column, notebooks, add_students
        self.students = {student.id: student for student in gradebook.students}
        self.added: list[str] = []
        self._numbered: dict[str, list[Person]] = defaultdict(list)
        if roster is not None:
            for person in roster.people:
                self._numbered[person.number].append(person)

    def owner(self, top: Top) -> tuple[Reading, str]:
        """Return how the name is read, and the student's id.

        Raises
        ------
        NotFoundError
            With what is to be said if nobody is found.
        """
        if is_anonymous(self._form, top.name):
            raise NotFoundError(
                "Canvas hides whose it is: turn anonymous grading off there, and download again."
            )
        if self._form == PLAIN:
            return self._plain(top)
        found = list(readings(self._form, top.name))
        if not found and self._form == MOODLE:
            raise NotFoundError(f"It has no number of a person: {BY_A_GROUP}.")
        if not found:
            raise NotFoundError(f"{self._form} doesn't name a file so.")
        if self._roster is None:
            return self._by_lms_user_id(found)
        return self._by_roster(found, self._roster)

    def _plain(self, top: Top) -> tuple[Reading, str]:
        found = list(plain_readings(top.name, self._notebooks, folder=top.is_folder))
        for same in (str, _folded):
            for reading in found:
                fits = [s for s in self.students if same(s) == same(reading.number)]
                if len(fits) == 1:
                    return reading, fits[0]
        if not found:
            expected = f"STUDENT_{self._notebooks[0]}.ipynb"
            raise NotFoundError(f"Its name doesn't say whose it is, as {expected} would.")
        raise NotFoundError(*self._unknown(found[0].number))

    def _by_lms_user_id(self, found: list[Reading]) -> tuple[Reading, str]:
        first = found[0]
        # Behind the platform's two numbers stands the name of the file, which may begin with a
        # number too, as “01_cost” does. Who is called “Kim_14” makes it look as if that were one.
        if len(found) > 1 and which_notebook(first.file, self._notebooks) is None:
            raise NotFoundError(
                "It can be read in two ways: export the gradebook from Canvas, and name it with "
                "--worksheet."
            )
        fits = [
            student
            for student in self.students.values()
            if str(student.lms_user_id or "").strip() == first.number
        ]
        if len(fits) > 1:
            raise NotFoundError(
                f"{listed(s.id for s in fits)} have the same lms_user_id, {first.number}."
            )
        if not fits:
            raise NotFoundError(
                f"Nobody in the gradebook has the lms_user_id {first.number}: export the gradebook "
                "from Canvas and name it with --worksheet, or enter the number with "
                f"`nbgrader db student add STUDENT --lms-user-id={first.number}` and the names of "
                "the student, which are emptied if they don't stand there."
            )
        return first, str(fits[0].id)

    def _by_roster(self, found: list[Reading], roster: Roster) -> tuple[Reading, str]:
        numbered = [(r, person) for r in found for person in self._numbered.get(r.number, [])]
        # Canvas used to write LATE in small letters, as part of the name.
        fits = [(r, person) for r, person in numbered if self._may_be(r.person, person)]
        if len(fits) > 1:
            raise NotFoundError(
                "Its name can be read in two ways, and two people of the list fit: look at it "
                f"in {roster.platform}, and hand it to the one "
                f"of {listed(_who(p) for _, p in fits)} whose it is."
            )
        if not fits and numbered:
            reading, person = numbered[0]
            raise NotFoundError(
                f"Number {reading.number} is {_who(person)} in the list: name the list of this "
                f"assignment{self._or_a_group}."
            )
        if not fits:
            raise NotFoundError(
                f"Nobody in the list has the number {found[0].number}: download the list of this "
                f"assignment, after the archive{self._or_a_group}."
            )
        ((reading, person),) = fits
        return reading, self._student(person)

    @property
    def _or_a_group(self) -> str:
        return f"; {BY_A_GROUP}" if self._form == MOODLE else ""

    def _may_be(self, written: str, person: Person) -> bool:
        names = [*person.names, NOBODY] if self._form == MOODLE else person.names
        # Canvas used to write LATE in small letters, as if it were part of the name.
        ways = (written, written.removesuffix("_late"))
        return any(agree(way, name) for way in ways for name in names)

    def _student(self, person: Person) -> str:
        fits = students_of(person, self.students.values(), self._column)
        if len(fits) > 1:
            raise NotFoundError(
                f"{_who(person)} may be {listed(s.id for s in fits)} of the gradebook: give one "
                "of them another e-mail or lms_user_id."
            )
        if fits:
            return str(fits[0].id)
        if self._add:
            return self._enter(person)
        raise NotFoundError(*self._lacking(person))

    def _fields(self, person: Person) -> tuple[str, dict[str, str]]:
        """Return an id that nobody has, and what else the platform knows."""
        last, _, first = person.names[0].partition(", ")
        if not first:
            first, _, last = person.names[0].partition(" ")
        fields = {"first_name": first or None, "last_name": last or None, "email": person.email}
        fields["lms_user_id"] = person.ids.get(self._column, "")
        short = person.email.partition("@")[0].casefold() or person.ids.get("SIS Login ID", "")
        choices = [short, person.email.casefold(), f"{short or 'student'}-{person.number}"]
        free = next(c for c in choices if c and c not in self.students and unpack.is_name(c))
        return free, {name: value for name, value in fields.items() if value}

    def _enter(self, person: Person) -> str:
        student_id, fields = self._fields(person)
        self.students[student_id] = self._gradebook.add_student(student_id, **fields)
        self.added.append(student_id)
        return student_id

    def _lacking(self, person: Person) -> tuple[str, str]:
        student_id, fields = self._fields(person)
        known = fields.get("email") or fields.get("lms_user_id") or "number"
        return f"Nobody in the gradebook has {known}:", add_command(student_id, **fields)

    def _unknown(self, student_id: str) -> tuple[str, str]:
        return f"There is no student {student_id} in the gradebook:", add_command(student_id)

    def nothing_from(self, handed_in: set[str]) -> list[str]:
        """Name those of the class who handed in nothing: of the gradebook, then of the list."""
        others = [
            _who(person)
            for person in (self._roster.people if self._roster else ())
            if not students_of(person, self.students.values(), self._column)
        ]
        return [*sorted(set(self.students) - handed_in), *others]


class NotFoundError(Exception):
    """Whose it is can't be told; a sentence, and the command that settles it if there is one."""

    def __str__(self) -> str:
        """Give the sentence, with the command."""
        sentence, *command = self.args
        return f"{sentence} `{command[0]}`" if command else str(sentence)


def _folded(name: str) -> str:
    """Return the same for two spellings of a name, by a computer or by somebody."""
    return normalize("NFC", name).casefold()


def _who(person: Person) -> str:
    return " ".join(filter(None, (person.names[0], person.email and f"<{person.email}>")))
