"""Sections of the pages, each with what its template shows."""
