"""Checks of the audit itself: scaling, class order, duplicates."""
