"""The console command ``drinkdeep``: each verb's module says what it takes and what it does."""

import argparse
import importlib
import sys
from pathlib import Path

# Verb: its module, and what it is for. Imported only when asked for, since some take seconds.
VERBS = {
    "lab": ("drinkdeep.desk.lab", "open JupyterLab on the welcome notebook"),
    "check": ("drinkdeep.desk.check", "say what is there, and what to do about what isn't"),
    "progress": (
        "drinkdeep.desk.progress",
        "run the exercises' visible tests, and say what is next",
    ),
    "restore": ("drinkdeep.desk.restore", "bring a damaged exercise back, with your answers"),
    "students": ("drinkdeep.grading.platforms.class_list", "enter a class list in the gradebook"),
    "collect": ("drinkdeep.grading.platforms.collect", "take in a learning platform's archive"),
    "grade": ("drinkdeep.grading.batch.command", "grade a class, in the sandbox"),
    "feedback": ("drinkdeep.grading.platforms.feedback", "pack feedback for a learning platform"),
}


def main(words: list[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    words = sys.argv[1:] if words is None else words
    parser = argparse.ArgumentParser(
        prog="drinkdeep", description="The course “Training a neural network with PyTorch”."
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, (module, purpose) in VERBS.items():
        if _is_there(module):
            own = verbs.add_parser(verb, help=purpose, description=f"{purpose.capitalize()}.")
            if verb in words[:1]:
                importlib.import_module(module).add_arguments(own)
    arguments, others = parser.parse_known_args(words)
    if "others" in arguments:  # a verb that hands on what it doesn't know
        arguments.others = others
    elif others:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    code: int = importlib.import_module(VERBS[arguments.verb][0]).run(arguments)
    return code


def _is_there(module: str) -> bool:
    """Return whether it is part of this package: a student has no grader."""
    _, *parts = module.split(".")
    return Path(__file__).parent.joinpath(*parts).with_suffix(".py").is_file()


if __name__ == "__main__":
    sys.exit(main())
