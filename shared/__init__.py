"""textdrop's app: everything that is deployed beside function_app.py."""
