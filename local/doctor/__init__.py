"""`python -m local doctor`: checks settings, storage and the Language service before a deployment."""
