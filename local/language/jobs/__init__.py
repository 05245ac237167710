"""Runs jobs, and holds the partial results of those that are running."""
