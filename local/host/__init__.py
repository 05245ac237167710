"""A Functions host for Python v2 apps on a machine without Core Tools. README.md lists what it supports."""
