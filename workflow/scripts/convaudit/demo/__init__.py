"""The embedded demo: its photographs and its classifier."""
