"""The five levels keep apart for all eyes: by colour under simulated colour blindness, and by shape."""

import re
from itertools import combinations
from math import sqrt

import pytest

from outcomes.service.pages.assets import FOLDER
from outcomes.service.pages.contrast import luminance
from outcomes.service.pages.levels import STANDINGS

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
SEEN_AS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
LEAST = 30
_LEVEL = re.compile(r"\.(\w+) \{ --level: #(\w{6}); --on-level: #(\w{3,6}) \}")


def levels() -> dict[str, tuple[str, str]]:
    """Return the colour of each level and of what is written on it, from the style itself."""
    found = _LEVEL.findall((FOLDER / "page.css").read_text())
    return {
        name: (level, text if len(text) == 6 else "".join(2 * digit for digit in text)) for name, level, text in found
    }


def lab(colour: str, kind: str) -> tuple[float, ...]:
    """Return CIE Lab (D65) of RRGGBB as an eye of a kind sees it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    seen = [min(1, max(0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in SEEN_AS[kind]]
    rows = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
    white = (0.95047, 1.0, 1.08883)
    xyz = [sum(a * b for a, b in zip(row, seen, strict=True)) / w for row, w in zip(rows, white, strict=True)]
    f = [t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in xyz]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def difference(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the colour difference of 1976: the plain distance in Lab."""
    return sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)))


@pytest.mark.parametrize("kind", SEEN_AS)
def test_any_two_levels_differ_enough(kind: str) -> None:
    """At least 30 between any two of the five, for each kind of eye."""
    colours = [lab(level, kind) for level, _ in levels().values()]
    assert len(colours) == 5
    assert min(difference(one, other) for one, other in combinations(colours, 2)) >= LEAST


def test_each_level_has_a_shape_and_readable_text() -> None:
    """Colour is never the only sign; what is written on it has a contrast of at least 4.5."""
    assert {one.key for one in STANDINGS} == set(levels())
    assert len({one.shape for one in STANDINGS}) == 5
    for level, text in levels().values():
        dark, light = sorted((luminance(level) or 0, luminance(text) or 0))
        assert (light + 0.05) / (dark + 0.05) >= 4.5
