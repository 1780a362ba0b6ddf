"""GPUs and processors: which there are, and which computed what."""
