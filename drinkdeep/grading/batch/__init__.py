"""A class is graded: ``drinkdeep grade``."""
