"""Findings: computed sentences about what is unusual in an audit."""
