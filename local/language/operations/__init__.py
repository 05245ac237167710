"""What callers can request, independent of protocols."""
