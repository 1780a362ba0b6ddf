"""convaudit: audit a convolutional image classifier over a whole image dataset."""

__version__ = "0.1.0"
