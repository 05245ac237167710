"""Loads a function app: its functions, checked as the worker and the real host check them."""
