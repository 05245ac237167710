"""Labels files: their formats, the rules they are held to, and their validation."""
