"""The kernels that student code runs in: what they begin with, and what is known of them."""

from drinkdeep.grading.sandbox.limits import Limits
from drinkdeep.grading.sandbox.student import StudentKernel


def printed(student: StudentKernel, code: str) -> str:
    """What a cell prints, or what its last line is worth."""
    said = [o.get("text") or o.get("data", {}).get("text/plain") for o in student.run(code)]
    return "".join(text or "an error" for text in said).strip()


def test_a_kernel_is_whole_and_has_nothing_of_the_one_before(sandbox: None) -> None:
    """All begin with one shell and one application that were made before either."""
    mark = "mark = __import__('pathlib').Path(get_ipython().profile_dir.location, 'mark')\n"
    for _ in range(2):
        with StudentKernel(Limits()) as student:
            assert printed(student, "'x' in globals()") == "False"
            assert printed(student, f"{mark}mark.parent.is_dir(), mark.exists()") == "(True, False)"
            printed(student, "x = 1\nmark.touch()")
            shell = (
                "ip = get_ipython()\nip.kernel.shell is ip, __name__, ip.history_manager.enabled"
            )
            assert printed(student, shell) == "(True, '__main__', False)"
            assert printed(student, "import asyncio\nawait asyncio.sleep(0, 'here')") == "'here'"


def test_a_cell_that_ipython_stumbles_over_ends_like_any_other(sandbox: None) -> None:
    with StudentKernel(Limits(clock_seconds=60)) as student:
        (error,) = student.run(f"x = {' + '.join(['1'] * 5_000)}")
        assert error.ename == "RecursionError"
        assert printed(student, "1 + 1") == "2"
        assert not student.timed_out


def test_a_cell_that_awaits_what_never_comes_is_stopped_and_the_next_one_runs(
    sandbox: None,
) -> None:
    with StudentKernel(Limits(clock_seconds=2)) as student:
        *_, error = student.run("import asyncio\nawait asyncio.Event().wait()")
        assert error.ename == "TimeoutError"
        assert printed(student, "1 + 1") == "2"


def test_kernels_draw_other_numbers_with_numpy(sandbox: None) -> None:
    drawn = set()
    for _ in range(2):
        with StudentKernel(Limits()) as student:
            drawn.add(printed(student, "import numpy\nnumpy.random.rand()"))
    assert len(drawn) == 2


def test_the_cpu_clock_counts_all_processes_that_there_were(sandbox: None) -> None:
    with StudentKernel(Limits()) as student:
        clock = student.cpu_clock()
        if clock is None:  # no account of it can be had here
            return
        before = clock()
        burn = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
        printed(student, f"import os\nif os.fork() == 0:\n    exec({burn!r})\n    os._exit(0)\n")
        printed(student, "os.wait()")
        assert clock() - before >= 0.3
