"""How well a colour is told from another (WCAG 2.2)."""

_LINEAR_BELOW, _FLARE = 0.04045, 0.05


def contrast_of(light: float, other: float) -> float:
    """Return the contrast of two luminances: 1 for the same, 21 for black and white."""
    return (max(light, other) + _FLARE) / (min(light, other) + _FLARE)


def luminance(colour: str) -> float:
    """Return the relative luminance of six hexadecimal digits, RRGGBB: 0 for black, 1 for white."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= _LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
