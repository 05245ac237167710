"""What the service runs under: the clock, the pace, rate limits and injected faults."""
