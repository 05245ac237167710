"""The dialects that classify texts."""
