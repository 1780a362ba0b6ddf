"""Files, memory, threads and GPUs."""
