"""What an audit will do, before it runs: text, time and disk space."""
