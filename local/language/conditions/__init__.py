"""The conditions the service runs under: clock, pace, rate limits and injected faults."""
