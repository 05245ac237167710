"""The dialects that make projects and models."""
