"""Files that `make docs` and `make lock` write."""
