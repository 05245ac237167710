"""What functions of every trigger have: a description, invocations with a context, a retry policy."""
