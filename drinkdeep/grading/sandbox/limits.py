"""What a submission may take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a submission may take."""

    cell_seconds: int = 120
    """Of processor time, for one cell of the student's."""
    answer_seconds: int = 120
    """Of processor time, for one expression that a test looks at."""
    clock_seconds: int = 600
    """On the clock, for one of either: on a busy machine a second of work takes longer."""
    notebook_seconds: int = 1800
    """On the clock, for the whole notebook, however many of its cells and answers only sleep."""
    interrupt_seconds: int = 10
    """For the kernel to come to its senses when it was interrupted."""
    memory_bytes: int = 3 * 2**30
    """Of one process, and of all processes together, besides what is mapped from files."""
    processes: int = 128
    """Processes and threads at the same time."""
    disk_bytes: int = 256 * 2**20
    """Of each folder that can be written, and so of a file."""
    files: int = 10_000
    """In each folder that can be written."""
    open_files: int = 256
    """Of one process."""
    output_characters: int = 200_000
    """For all that one cell puts out; the rest is dropped, and said to be."""
