"""The nineteen cues, and the report's words that name each of them rightly.

The words are place, patch, border, colour, saturation, brightness, contrast, sharpness, noise,
compression, resolution, pattern, size, metadata and context. They were chosen before the detector
was run, by what can be seen in the pixels: blur and low resolution, for example, look the same, so
each may be called by the other's word. G8 came later: a network that relied on scan lines had
passed the audit, whose experiment with patterns was written then.
"""

from planted import acquisition, overlays
from planted.cue import Cue


def _cue(name: str, title: str, words: str, plant: object, **more: object) -> tuple[str, Cue]:
    return name, Cue(name, title, frozenset(words.split()), plant, **more)  # type: ignore[arg-type]


CUES = dict(
    (
        _cue("L1", "sticker in a corner", "place patch", overlays.sticker_in_corner, fixed=True),
        _cue("L2", "sticker anywhere", "patch", overlays.sticker_anywhere),
        _cue("L3", "watermark", "place patch pattern", overlays.watermark, fixed=True),
        _cue("L4", "date stamp", "place patch", overlays.date_stamp, fixed=True),
        _cue("L5", "tag smaller than a cell", "place patch", overlays.small_tag, fixed=True),
        _cue("L6", "stripe", "place patch pattern", overlays.stripe, fixed=True),
        _cue("B1", "frame", "border place", overlays.frame),
        _cue("B2", "letterbox or vignette", "border place", overlays.letterbox),
        _cue("G1", "colour cast", "colour", acquisition.colour_cast),
        _cue("G2", "brightness", "brightness", acquisition.brightness),
        _cue("G3", "JPEG quality", "compression", acquisition.compression),
        _cue("G4", "blur", "sharpness resolution", acquisition.blur),
        _cue("G5", "noise", "noise", acquisition.noise),
        _cue("G6", "low resolution", "resolution size sharpness", acquisition.low_resolution),
        _cue("G7", "grey", "saturation colour", acquisition.grey, sets="AD"),
        _cue(
            "C1",
            "background texture",
            "context pattern patch",
            acquisition.background_texture,
            sets="A",
        ),
        _cue("C2", "background blur", "context sharpness", acquisition.background_blur, sets="A"),
        _cue("C3", "another object", "patch context", acquisition.companion, sets="AC"),
        _cue("G8", "scan lines", "pattern", acquisition.scan_lines),
    )
)
