"""Documents, jobs, operations and singletons: frozen values and pure decisions. No I/O, no clock."""
