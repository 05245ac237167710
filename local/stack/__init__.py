"""Starts textdrop and everything it needs on one machine: Azurite, the Language service, a Functions host."""
