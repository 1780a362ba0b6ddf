"""Code that surrounds the function of every rule's script."""
