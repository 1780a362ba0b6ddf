"""The page that compares two audits."""
