import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bucketlink.text import safe, size


@given(st.text())
def test_safe_text_is_one_line_that_steers_no_terminal(text: str) -> None:
    written = safe(text)
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in written)
    assert len(written.splitlines()) <= 1


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_what_is_harmless_is_written_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_marks_that_turn_text_are_written_out() -> None:
    assert safe("a\u202egpj.exe\n\ud800") == r"a\u202egpj.exe\n\ud800"


def test_sizes_are_read_at_a_glance() -> None:
    sizes = (0, 999, 1000, 9940, 12_345, 5_000_000, 12e9, 1.5e15)
    assert [*map(size, sizes)] == ["0 B", "999 B", "1.0 kB", "9.9 kB", "12 kB", "5.0 MB", "12 GB", "1,500.0 TB"]
