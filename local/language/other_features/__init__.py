"""Features of the service that textdrop itself never calls (see docs/decisions)."""
