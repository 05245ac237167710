"""Long-running work on a project or on all documents: one handler for each kind, and one runner."""
