"""What every function has, whatever triggers it: its description, its invocation, its context, its retry policy."""
