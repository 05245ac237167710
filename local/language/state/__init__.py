"""What the service stores, and the training texts and labels files that it reads."""
