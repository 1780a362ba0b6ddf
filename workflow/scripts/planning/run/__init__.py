"""Around a run: its command line, the lock of its results folder, its summary."""
