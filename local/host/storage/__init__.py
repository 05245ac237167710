"""Clients for storage accounts, and leases on blobs."""
