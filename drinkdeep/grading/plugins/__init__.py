"""What ``nbgrader_config.py`` names: nbgrader's own commands use the grader by these."""
