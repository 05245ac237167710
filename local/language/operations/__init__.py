"""What callers can ask for, in the words of no protocol."""
