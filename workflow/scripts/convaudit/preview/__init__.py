"""Preview of an audit before it runs: text, time and disk space."""
