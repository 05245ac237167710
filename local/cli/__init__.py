"""The commands of `python -m local` that a person types, and what they print."""
