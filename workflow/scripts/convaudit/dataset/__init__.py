"""From a folder or a table to the pixels of its images."""
