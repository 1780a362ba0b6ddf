"""What each channel answers over the dataset."""
