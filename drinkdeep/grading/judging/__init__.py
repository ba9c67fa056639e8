"""What a submission earns: a pure function of its notebook and the assignment's source."""
