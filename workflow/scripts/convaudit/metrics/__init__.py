"""Standard metrics of a classifier with their confidence intervals."""
