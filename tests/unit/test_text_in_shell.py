"""Keys in lists: one line, no two alike, and what a shell reads is the key."""

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.text import in_shell, quoted

any_key = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from("\\'$\n\tn"))


@given(any_key)
def test_a_key_is_one_line_of_harmless_characters(key: str) -> None:
    assert len(in_shell(key).splitlines()) <= 1
    assert "\x1b" not in in_shell(key)
    assert "\u202e" not in in_shell(key)


@given(st.lists(any_key, min_size=2, max_size=2, unique=True))
def test_no_two_keys_look_alike(keys: list[str]) -> None:
    assert in_shell(keys[0]) != in_shell(keys[1])


@pytest.mark.parametrize("key", ["a/b c.jpg", "é.png", "it's", r"a\nb", "\U0001f600", " ", "$HOME", '"x"'])
def test_usual_keys_are_as_they_are(key: str) -> None:
    assert in_shell(key) == key
    assert quoted(key) == shlex.quote(key)


def test_a_newline_is_told_from_a_backslash_and_an_n() -> None:
    assert in_shell("a\nb") == r"$'a\nb'"
    assert in_shell(r"$'a\nb'") == r"$'$\'a\\nb\''"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_reads_what_is_quoted(shell: str) -> None:
    try:
        subprocess.run([shell, "-c", ":"], check=True)
    except FileNotFoundError:
        pytest.skip(f"{shell} is not here to read it")
    keys = [chr(number) for number in range(1, 0x2100)]
    keys += ["a'b\n", "\\", "\\'", "\x011", "\u20281", "$'", "-n", "\ue000", "\U0001f600\n", "tab\tx", "e\u0301\r"]
    script = f"printf '%s\\0' {' '.join(map(quoted, keys))}"
    done = subprocess.run([shell, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == keys


def test_bytes_that_are_not_utf8_are_written_out() -> None:
    assert in_shell("a\udcff") == r"$'a\xff'"
    assert in_shell("a\ud800") == r"$'a\xed\xa0\x80'"
