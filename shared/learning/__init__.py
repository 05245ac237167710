"""What the app learns from its documents: statistics, reviews, quality. Frozen values and pure decisions."""
