"""textdrop's app: everything that is deployed beside function_app.py."""

__version__ = "0.1.0"
