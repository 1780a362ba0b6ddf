"""Photographs that tests make, and changes of photographs."""

import cv2
import numpy as np

from convaudit.demo.photographs import CLASSES, _photographs


def procedural(seed: int, height: int = 300, width: int = 400) -> np.ndarray:
    """A scene, RGB uint8: a 1/f texture in two colours behind soft and sharp discs.

    White noise is filtered to a spectrum that falls as a photograph's does (amplitude 1/f).
    """
    random = np.random.default_rng([seed, 77])
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    falling = 1 / np.maximum(np.hypot(down, across), 1 / width)
    layers = [
        np.fft.irfft2(np.fft.rfft2(random.normal(size=(height, width))) * falling, (height, width))
        for _ in range(2)
    ]
    bright, tint = (layer / layer.std() for layer in layers)
    colour, other = random.uniform(-25, 25, (2, 3))
    scene = random.uniform(90, 150) + 38 * bright[..., None] + colour + other * tint[..., None]
    for _ in range(6):
        centre = tuple(int(x) for x in random.integers(0, (width, height)))
        shade = tuple(float(x) for x in random.uniform(20, 235, 3))
        cv2.circle(scene, centre, int(random.integers(8, 50)), shade, -1, cv2.LINE_AA)
    # A lens spreads a point over about a pixel, and a sensor adds a little noise.
    seen = cv2.GaussianBlur(scene, (0, 0), 0.6) + random.normal(0, 1, scene.shape)
    return seen.clip(0, 255).round().astype(np.uint8)


def of_the_demo(seed: int) -> np.ndarray:
    """A part of one of the demo's photographs, 300 x 400, as RGB."""
    random = np.random.default_rng([seed, 78])
    photo = _photographs()[CLASSES[seed % 2]]
    top, left = random.integers(0, (photo.shape[0] - 299, photo.shape[1] - 399))
    return np.repeat(photo[top : top + 300, left : left + 400, None], 3, axis=2)


def jpeg(image: np.ndarray, quality: int, *flags: int) -> bytes:
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, *flags]
    return cv2.imencode(".jpg", image[..., ::-1], settings)[1].tobytes()


def recompressed(image: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg(image, quality), np.uint8), cv2.IMREAD_COLOR_RGB)


def noisy(image: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(5).normal(0, sigma, image.shape)
    return (image + noise).clip(0, 255).round().astype(np.uint8)


def grainy(image: np.ndarray, sigma: float, grain: float, seed: int) -> np.ndarray:
    """Noise in colour whose grains are ``grain`` pixels wide."""
    height, width = image.shape[:2]
    small = int(height / grain), int(width / grain)
    noise = np.random.default_rng(seed).normal(0, sigma, (*small, 3)).astype(np.float32)
    noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_NEAREST)
    return (image + noise).clip(0, 255).round().astype(np.uint8)


def enlarged(image: np.ndarray, times: int, interpolation: int = cv2.INTER_CUBIC) -> np.ndarray:
    """The image as if its file had ``times`` fewer pixels per side."""
    small = cv2.resize(image, None, fx=1 / times, fy=1 / times, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[1::-1], interpolation=interpolation)


def framed(image: np.ndarray, share: float, colour: tuple[int, int, int]) -> np.ndarray:
    width = round(share * min(image.shape[:2]))
    found = np.full_like(image, 0) + np.array(colour, np.uint8)
    found[width:-width, width:-width] = image[width:-width, width:-width]
    return found


def striped(image: np.ndarray, period: float, amplitude: float) -> np.ndarray:
    wave = amplitude * np.sin(2 * np.pi * np.arange(image.shape[1]) / period)
    return (image + wave[:, None]).clip(0, 255).round().astype(np.uint8)


def scanned(image: np.ndarray, period: float, phase: float = 0) -> np.ndarray:
    """Scan lines: every few rows are darker."""
    wave = 1 + 0.3 * np.cos(2 * np.pi * (np.arange(len(image)) + phase) / period)
    return (image * wave[:, None, None]).clip(0, 255).astype(np.uint8)
