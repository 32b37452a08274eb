"""Text that a terminal shows and does not obey."""


def clean(text: str) -> str:
    """Return text that a terminal shows and does not obey: control and formatting characters become visible."""
    if text.isprintable():
        return text  # nearly always, and a table of a long history has millions of pieces
    return "".join(char if char.isprintable() else "�" for char in text)


def clean_lines(text: str) -> str:
    """Return clean text that keeps its line ends."""
    return "\n".join(map(clean, text.split("\n")))
