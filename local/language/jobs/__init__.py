"""What takes time: the runner of jobs and their partial results."""
