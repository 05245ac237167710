"""The runtime protocols: analyze jobs."""
