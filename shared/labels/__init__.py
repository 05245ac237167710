"""Labels files: their formats, their rules, and their validation."""
