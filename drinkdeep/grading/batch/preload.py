"""What a worker loads, in one import: the process that workers are forked from does it once."""

import gc

from drinkdeep.grading.judging import execute  # noqa: F401
from drinkdeep.grading.sandbox.inside import keep_freed_memory

keep_freed_memory()
# What is loaded stays, and stays shared: the collector would look at, and write to, all of it.
gc.freeze()
