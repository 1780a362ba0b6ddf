"""What every job does around its one function."""
