"""What the audit needs of the machine: files, memory, threads, GPUs."""
