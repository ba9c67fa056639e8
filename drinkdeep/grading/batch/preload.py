"""What a worker loads, in one import: the process that workers are forked from does it once."""

import gc

# Nothing of what is loaded goes, and to look for it takes an eighth of the time.
gc.disable()

from drinkdeep.grading.judging import execute  # noqa: E402, F401
from drinkdeep.grading.sandbox.inside import keep_freed_memory  # noqa: E402

keep_freed_memory()
# What is loaded stays, and stays shared: the collector would look at, and write to, all of it.
gc.freeze()
gc.enable()
