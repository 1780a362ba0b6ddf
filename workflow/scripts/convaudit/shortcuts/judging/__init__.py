"""From trials to suspects: status, severity, what follows from what, and words."""
