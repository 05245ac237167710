"""Queue functions: one listener for each."""
