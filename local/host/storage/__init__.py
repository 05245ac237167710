"""Clients for storage accounts, leases on blobs, and what to do while storage is unreachable."""
