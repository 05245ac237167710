"""The console: a web page for people. Static files only; all data comes from the HTTP API."""
