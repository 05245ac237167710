"""What `python -m local doctor` checks before a deployment: settings, storage, the Language service."""
