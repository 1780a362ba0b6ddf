"""What an image is, in numbers: of its file and of its pixels."""
