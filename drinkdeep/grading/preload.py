"""What a worker loads, in one import: the process that workers are forked from does it once."""

import gc

from drinkdeep.grading.workers import spare_imports

spare_imports()

from drinkdeep.grading import execute  # noqa: E402, F401

# What is loaded stays, and stays shared: the collector would look at, and write to, all of it.
gc.freeze()
