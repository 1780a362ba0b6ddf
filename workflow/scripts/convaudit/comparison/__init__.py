"""Compare two finished audits of the same images or of the same model."""
