"""The process: routing, control routes, connections."""
