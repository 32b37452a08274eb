"""Text that a terminal shows and does not obey."""


def clean(text: str) -> str:
    """Return text that a terminal shows and does not obey: control and formatting characters become visible."""
    return "".join(char if char.isprintable() or char == " " else "�" for char in text)


def clean_lines(text: str) -> str:
    """Return clean text that keeps its line ends."""
    return "\n".join(map(clean, text.split("\n")))
