"""``python -m tests.reference`` writes the pages of ``docs/reference``."""

import sys

from tests.reference.pages import FOLDER, pages


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
