"""Two finished audits side by side: the same images, or the same model."""
