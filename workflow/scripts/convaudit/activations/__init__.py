"""Activations of channels: statistics over the dataset, maps of single images."""
