"""Blob triggers: the scan of containers, the internal queue, and the dispatch of its messages to functions."""
