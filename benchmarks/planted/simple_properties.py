"""The properties that the peers measure, by their own definitions."""

import cv2
import numpy as np


def cleanvision(picture: np.ndarray) -> dict[str, float]:
    """CleanVision's seven: size, aspect, information, dark, light, grey, blurry."""
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    red, green, blue = picture.reshape(-1, 3).astype(np.float32).T / 255
    brightness = np.sqrt(0.241 * red**2 + 0.691 * green**2 + 0.068 * blue**2)
    counts = np.bincount(grey.ravel(), minlength=256) / grey.size
    entropy = -(counts[counts > 0] * np.log2(counts[counts > 0])).sum()
    edges = cv2.Laplacian(cv2.resize(grey, (64, 64)), cv2.CV_64F)
    return {
        "odd_size": float(np.sqrt(height * width)),
        "odd_aspect_ratio": min(width / height, height / width),
        "low_information": float(entropy),
        "dark": float(np.percentile(brightness, 99)),
        "light": float(np.percentile(brightness, 5)),
        "grayscale": float((picture.max(2) == picture.min(2)).all()),
        "blurry": float(1 - np.exp(-np.sqrt(edges.var()) / 100)),
    }


def deepchecks(picture: np.ndarray) -> dict[str, float]:
    """deepchecks' default properties: aspect, area, brightness, RMS contrast, relative colours."""
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    means = picture.reshape(-1, 3).mean(0)
    total = max(float(means.sum()), 1e-6)
    return {
        "aspect": height / width,
        "area": float(height * width),
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
        "red": float(means[0] / total),
        "green": float(means[1] / total),
        "blue": float(means[2] / total),
    }


WORDS = {
    "odd_size": ("size", "resolution"),
    "odd_aspect_ratio": ("size",),
    "low_information": ("contrast",),
    "dark": ("brightness",),
    "light": ("brightness",),
    "grayscale": ("saturation",),
    "blurry": ("sharpness",),
    "aspect": ("size",),
    "area": ("size", "resolution"),
    "brightness": ("brightness",),
    "contrast": ("contrast",),
    "red": ("colour",),
    "green": ("colour",),
    "blue": ("colour",),
}
"""The report's words that a peer's property counts for."""
