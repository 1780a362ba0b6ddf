"""Small pure operations on the pixels of a file: RGB uint8 (H, W, 3) in, the same shape out.

Each operation changes one property. They act on the file's own pixels, before the audit's resize,
because a resize removes a part of blur, noise and compression.
"""

import cv2
import numpy as np
from scipy.optimize import brentq

_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
KERNELS = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}
"""Smooth interpolations with which a small picture is enlarged again, by name."""


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; ``sigma`` in pixels, 0 for none."""
    return image if sigma <= 0 else cv2.GaussianBlur(image, (0, 0), sigma)


def sharpened(image: np.ndarray, amount: float, sigma: float = 1.5) -> np.ndarray:
    """Unsharp mask: image + amount x (image - blurred image)."""
    plain = image.astype(np.float32)
    return _clipped(plain + amount * (plain - cv2.GaussianBlur(plain, (0, 0), sigma)))


def cloudy(image: np.ndarray, deviation: float, seed: int) -> np.ndarray:
    """Noise in low frequencies, the control of noise; ``deviation`` in grey levels."""
    height, width = image.shape[:2]
    small = (max(2, height // 32), max(2, width // 32), 3)
    coarse = np.random.default_rng(seed).standard_normal(small, np.float32)
    noise = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return _clipped(image + noise * (deviation / max(float(noise.std()), 1e-6)))


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """Encode as JPEG (4:2:0) and decode again; ``quality`` 1..100 as in libjpeg."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, int(np.clip(quality, 1, 100))]
    data = cv2.imencode(".jpg", image[..., ::-1], flags)[1]
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return np.asarray(decoded)


def coarsened(image: np.ndarray, factor: float, kernel: str) -> np.ndarray:
    """Shrink by ``factor`` (1 for none) with antialiasing and enlarge again with a kernel."""
    height, width = image.shape[:2]
    small = max(2, round(width / factor)), max(2, round(height / factor))
    if factor <= 1 or small == (width, height):
        return image
    shrunk = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (width, height), interpolation=KERNELS[kernel])


def repeated(image: np.ndarray, down: int, across: int) -> np.ndarray:
    """Shrink to so many pixels with antialiasing and enlarge again by repeating them."""
    height, width = image.shape[:2]
    small = min(across, width), min(down, height)
    shrunk = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_NEAREST)


def resampled(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize to the size of another file: antialiased if it shrinks, else bilinear."""
    smaller = min(width, image.shape[1]), min(height, image.shape[0])
    shrunk = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)


def brightened(image: np.ndarray, levels: float) -> np.ndarray:
    """Move the mean luminance by ``levels`` with a gamma curve, 255 (v / 255)^g.

    Like another exposure, it keeps black and white. The exponent g, 1/16 to 16, is found by root
    search on the histogram.
    """
    tones = np.arange(256) / 255
    counts = [np.bincount(image[..., at].ravel(), minlength=256) for at in range(3)]
    share = _WEIGHTS @ np.stack(counts) / image[..., 0].size

    def mean(logarithm: float) -> float:
        return float(255 * (share @ tones**2.0**logarithm))

    goal = np.clip(mean(0) + levels, mean(4), mean(-4))
    exponent = 2.0 ** brentq(lambda logarithm: mean(logarithm) - goal, -4, 4)
    return np.asarray(cv2.LUT(image, _clipped(255 * tones**exponent)))


def scaled(image: np.ndarray, factor: float) -> np.ndarray:
    """Multiply all values, like a longer exposure of a linear sensor; black stays black."""
    return _clipped(image.astype(np.float32) * np.float32(factor))


def contrasted(image: np.ndarray, factor: float) -> np.ndarray:
    """Stretch all values about the mean luminance."""
    plain = image.astype(np.float32)
    mean = luminance(plain).mean()
    return _clipped((plain - mean) * factor + mean)


def toned(image: np.ndarray, mean: float, factor: float) -> np.ndarray:
    """Stretch all values about the mean luminance and move it to ``mean``, 0 to 255."""
    plain = image.astype(np.float32)
    return _clipped((plain - luminance(plain).mean()) * factor + mean)


def saturated(image: np.ndarray, factor: float) -> np.ndarray:
    """Stretch each pixel's colour about its luminance; 0 makes the picture grey."""
    plain = image.astype(np.float32)
    grey = luminance(plain)[..., None]
    return _clipped(grey + factor * (plain - grey))


def tinted(image: np.ndarray, a: float, b: float) -> np.ndarray:
    """Move all colours in CIELAB: ``a`` towards red, ``b`` towards yellow, lightness kept."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab += np.array([0, a, b], np.float32)
    return _clipped(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255)


def recoloured(image: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """Move and stretch each channel to the donor's mean and standard deviation (Reinhard et al.
    2001, but in RGB): grey pictures get its colours, dark and light ones each their own.
    """
    (mean, deviation), (goal, width) = cv2.meanStdDev(image), cv2.meanStdDev(donor)
    stretch = width / np.maximum(deviation, 1.0)
    tones = np.arange(256)[None] - mean
    table = _clipped(tones * stretch + goal)
    return np.asarray(cv2.LUT(image, np.ascontiguousarray(table.T[:, None])))


def hue_turned(image: np.ndarray, angle: float) -> np.ndarray:
    """Turn all colours about the grey axis of CIELAB; ``angle`` in radians, lightness kept."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    lab[..., 1:] = lab[..., 1:] @ turn
    return _clipped(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255)


def as_far(image: np.ndarray, changed: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Go from the image towards ``other`` as far (in root mean square) as ``changed`` is away."""
    # The norms are sums of whole numbers, so every processor finds the same.
    way = cv2.norm(image, changed) / max(cv2.norm(image, other), 1.0)
    plain = image.astype(np.float32)
    return _clipped(plain + np.float32(way) * (other.astype(np.float32) - plain))


def mean_chroma(image: np.ndarray) -> tuple[float, float]:
    """Mean a and b of CIELAB."""
    _, a, b, _ = cv2.mean(cv2.cvtColor(_small(image), cv2.COLOR_RGB2LAB))
    return a, b


def colourfulness(image: np.ndarray) -> float:
    """Root mean square distance of the colours from grey, in CIELAB."""
    lab = cv2.cvtColor(_small(image), cv2.COLOR_RGB2LAB)
    return float(np.sqrt((lab[..., 1:] ** 2).sum(axis=2).mean()))


def pasted(image: np.ndarray, patch: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Lay ``patch`` over the image.

    Args:
        image, patch: (H, W, 3).
        mask: (H, W) float, 0..1: the patch's opacity.
    """
    x, y, wide, tall = cv2.boundingRect((mask > 0).astype(np.uint8))
    if not wide:
        return image
    result, part = image.copy(), (slice(y, y + tall), slice(x, x + wide))
    opacity = mask[part][..., None].astype(np.float32)
    below = image[part].astype(np.float32)
    result[part] = _clipped(below + opacity * (patch[part] - below))
    return result


def added(image: np.ndarray, template: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Add a template of signed grey levels (H, W, 3) within a mask: translucent marks."""
    return _clipped(image + mask[..., None].astype(np.float32) * template)


def healed(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill a region smoothly from its rim (Telea 2004), computed at no more than 256 pixels a side.

    Args:
        image: (H, W, 3).
        mask: (H, W) booleans. The filled region is 2 pixels larger on each side, for soft rims.
    """
    height, width = image.shape[:2]
    hole = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8))
    scale = min(1.0, 256 / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small_hole = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.01
    filled = cv2.inpaint(
        np.ascontiguousarray(small), small_hole.astype(np.uint8), 3, cv2.INPAINT_TELEA
    )
    large = cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR)
    return pasted(image, large, feathered(hole > 0, 2))


def feathered(mask: np.ndarray, pixels: float) -> np.ndarray:
    """Opacity (H, W) of a boolean region: 0 outside, rising to 1 within this many pixels inside."""
    inside = cv2.distanceTransform(
        cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.DIST_L2, 3
    )[1:-1, 1:-1]
    return np.clip(inside / max(pixels, 1e-6), 0, 1)


def luminance(image: np.ndarray) -> np.ndarray:
    """(H, W) luminance of RGB, in the same units (ITU-R BT.601)."""
    return image.astype(np.float32) @ _WEIGHTS


def _small(image: np.ndarray) -> np.ndarray:
    """The picture with sides of at most 128 pixels, 0..1: enough for a mean colour."""
    height, width = image.shape[:2]
    scale = min(1.0, 128 / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _clipped(values: np.ndarray) -> np.ndarray:
    """Values rounded to whole levels (halves to even) and clipped to 0..255, as uint8."""
    # OpenCV reads them once: NumPy's rint, clip and astype take five times as long.
    rounded = cv2.add(values, 0, dtype=cv2.CV_8U)  # type: ignore[call-overload]  # numbers work
    return np.asarray(rounded).reshape(values.shape)
