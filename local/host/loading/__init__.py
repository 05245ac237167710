"""Loads a function app, and checks its functions like the worker and the real host."""
