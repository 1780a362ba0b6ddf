"""Where the network looked: class activation maps and what they say in numbers."""
