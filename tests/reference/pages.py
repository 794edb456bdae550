"""The pages of the reference, by file name."""

from pathlib import Path

from tests.reference.commands import command_line_page
from tests.reference.fields import fields_page
from tests.reference.python import python_page
from tests.reference.variables import settings_page

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


def pages() -> dict[str, str]:
    """Every page as it has to be."""
    return {
        "python.md": python_page(),
        "fields.md": fields_page(),
        "command-line.md": command_line_page(),
        "settings.md": settings_page(),
    }
