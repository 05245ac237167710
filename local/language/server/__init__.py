"""The process: routing, control routes, connections, the command line."""
