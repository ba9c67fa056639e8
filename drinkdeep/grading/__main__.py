"""``python -m drinkdeep.grading ASSIGNMENT`` grades a class."""

import argparse
import sys

from drinkdeep.grading import command

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="drinkdeep grade", description=command.__doc__)
    command.add_arguments(parser)
    sys.exit(command.run(parser.parse_args()))
