"""Timer triggers: schedules, the schedule monitor, and the listener that runs the functions."""
