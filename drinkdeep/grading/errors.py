"""What can go wrong with grading, in one place: whoever catches these need load nothing else."""


class GradingError(Exception):
    """It can't be done. The message says what is wrong, and what to do."""


class CourseError(GradingError):
    """The course can't be graded as it is."""


class WorkersError(GradingError):
    """The workers can't do it."""


class WorkerLostError(Exception):
    """The process that was at a submission has died."""


class SandboxError(RuntimeError):
    """There is no sandbox on this machine; the message says how to get one."""


class UnreadableError(Exception):
    """It can't be graded. The message is one sentence: what is wrong, and what to do."""


class CheckError(Exception):
    """A test cell isn't written as the judge needs it."""
