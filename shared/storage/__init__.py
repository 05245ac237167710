"""Azure Storage: tables, the ledger in one of them, and blobs."""
