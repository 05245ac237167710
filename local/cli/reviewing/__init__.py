"""`python -m local review`: people decide reviews in a terminal."""
