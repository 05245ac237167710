"""From a file to its result: claim, submit, collect, settle; the sweep, replay and the gate."""
