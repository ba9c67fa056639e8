"""What a worker loads, in one import: the process that workers are forked from does it once."""

from drinkdeep.grading.workers import spare_imports

spare_imports()

from drinkdeep.grading import execute  # noqa: E402, F401
