"""Where students' code runs: the walls, the processes in them, and how to talk to these."""
