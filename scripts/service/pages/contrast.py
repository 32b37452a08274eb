"""How well text is read on a colour (WCAG 2.2): the better of black and white."""

_HEX_DIGITS = 6
_LINEAR_BELOW, _OFFSET = 0.04045, 0.05


def contrast(colour: str) -> float | None:
    """Return the ratio for RRGGBB; None for what is no colour."""
    light = luminance(colour)
    return None if light is None else max((1 + _OFFSET) / (light + _OFFSET), (light + _OFFSET) / _OFFSET)


def luminance(colour: str) -> float | None:
    """Return the relative luminance of RRGGBB; None for what is no colour."""
    try:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    except ValueError:
        return None
    if len(colour) != _HEX_DIGITS:
        return None
    linear = [part / 12.92 if part <= _LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
