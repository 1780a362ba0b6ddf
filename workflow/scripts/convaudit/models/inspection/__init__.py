"""Find what a loaded model is: a classifier or not, its target layer, its scaling."""
