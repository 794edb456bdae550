"""``docs/reference/settings.md``: every variable of the environment that the source reads."""

import ast
import re

from pydantic_core import PydanticUndefined

from bucketlink import settings as module
from bucketlink.cli.buckets import _SECRETS
from bucketlink.settings import Settings
from tests.reference.markdown import Page, prose, table
from tests.reference.types import SOURCE

INTRODUCTION = """\
Written by `make reference` from the source; do not change it by hand.

Settings are variables of the environment. An empty one is as if it were not set. What is given on the command line, or
as an argument in Python, comes before the environment."""

CLIENT = {
    "BUCKETLINK_API_ENDPOINT": "The server that `Client()` and the command line speak to. Without it the command line "
    "works on a data directory.",
    "BUCKETLINK_API_KEY": "The API key that they show it.",
    "BUCKETLINK_DEBUG": "Any value but `0`: the command line shows where an error comes from, as with `--verbose`.",
    "BUCKETLINK_LOG_LEVEL": "What the server and its worker log to standard error: `DEBUG`, `INFO`, `WARNING` (the "
    "default) or `ERROR`.",
    "KILI_API_ENDPOINT": "For `bucketlink.kili.Kili`: as `BUCKETLINK_API_ENDPOINT`, before it.",
    "KILI_API_KEY": "For `bucketlink.kili.Kili`: as `BUCKETLINK_API_KEY`, before it.",
    "KILI_VERIFY": "For `bucketlink.kili.Kili`: `true`, `false`, or the path of the CA bundle to check the server's "
    "certificate with.",
    "KILI_DISABLE_TQDM": "For `bucketlink.kili.Kili`: `true` for no progress bars where a call does not say otherwise.",
    "XDG_DATA_HOME": "Where the data directory is by default: `bucketlink` below it, or below `~/.local/share`.",
}
"""Variables that are no fields of `Settings`, and what each does."""
MACHINE = {
    "NO_COLOR": "Any value: tables and progress without colours.",
    "FORCE_COLOR": "Any value: with colours, also where the output is no terminal.",
    "COLUMNS": "How wide tables are, in characters, whatever the terminal says.",
    "PAGER": "The program that `bucketlink diff --list` shows its rows with on a terminal.",
    "LESS": "Options of `less`, where that is the pager; `-FX` if not set.",
    "SSL_CERT_FILE": "A file of certificates that the machine trusts, for connections to buckets.",
    "SSL_CERT_DIR": "A directory of such certificates.",
    "AZURE_AUTHORITY_HOST": "Where service principals sign in, for a cloud of Azure that the address does not tell.",
    "AZURE_FEDERATED_TOKEN_FILE": "On Azure, the server's own identity is the workload identity that this file proves.",
}
"""Variables that are not ours, and what each does here."""
_FIELD = re.compile(r"``(\w+)``")
_READ = re.compile(r'environ(?:\.get\(|\.setdefault\(|\[)\s*"([A-Z][A-Z0-9_]+)"')
_NAMED = re.compile(r'"((?:BUCKETLINK|KILI|XDG)_[A-Z0-9_]*[A-Z0-9])"')


def fields() -> dict[str, str]:
    """The fields of `Settings` as variables, and what stands below each in the source."""
    tree = ast.parse((SOURCE / "settings.py").read_text("utf-8"))
    (kind,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings"]
    texts = {}
    for node, after in zip(kind.body, [*kind.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            texts[node.target.id] = str(ast.literal_eval(after.value))
    return {_variable(name): _FIELD.sub(_named_variable, texts.get(name, "")) for name in Settings.model_fields}


def _variable(name: str) -> str:
    return f"BUCKETLINK_{name.upper()}"


def _named_variable(found: re.Match[str]) -> str:
    """A field that another one's text names, as its variable."""
    return f"`{_variable(found[1])}`" if found[1] in Settings.model_fields else found[0]


def secrets() -> dict[str, str]:
    """The variables that hold credentials of buckets, and the option that each is in place of."""
    access = {"BUCKETLINK_S3_ACCESS_KEY": "`--access-key`"}
    return access | {variable: f"`{option}`" for option, _, variable, _ in _SECRETS}


def named() -> set[str]:
    """Every variable that the source names."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        text = path.read_text("utf-8")
        found |= set(_NAMED.findall(text)) | set(_READ.findall(text))
    return found


def settings_page() -> str:
    """The whole page; raises where the source names a variable that nothing here explains."""
    unknown = named() - fields().keys() - secrets().keys() - CLIENT.keys() - MACHINE.keys()
    if unknown:
        raise ValueError(f"Say in tests/reference/variables.py what they do: {', '.join(sorted(unknown))}.")
    page = Page("Settings", INTRODUCTION)
    page.heading(2, "Of the server")
    page.add(
        "Whatever opens a data directory reads these: `bucketlink serve`, `bucketlink worker`, the command line "
        "without a server, and `Client.embedded`."
    )
    rows = [(f"`{name}`", prose(text, {}), _default(name)) for name, text in fields().items()]
    page.add(table(("variable", "what it sets", "default"), rows))
    page.heading(2, "Of clients")
    page.add(table(("variable", "what it sets"), [(f"`{name}`", text) for name, text in CLIENT.items()]))
    page.heading(2, "Credentials of buckets")
    page.add(
        "`bucketlink integrations add` reads them, and `integrations update` with `--from-environment`; each is in "
        "place of an option. [Buckets on every platform](../platforms/README.md#secrets) says more.",
        table(("variable", "in place of"), [(f"`{name}`", text) for name, text in secrets().items()]),
    )
    page.heading(2, "Of the terminal and the machine")
    page.add(table(("variable", "what it sets"), [(f"`{name}`", text) for name, text in MACHINE.items()]))
    return page.text()


def _default(name: str) -> str:
    field = Settings.model_fields[name.removeprefix("BUCKETLINK_").lower()]
    if field.default_factory is module.default_data_dir:
        return "`~/.local/share/bucketlink`"
    if field.default in {None, (), PydanticUndefined}:
        return "none"
    return f"`{str(field.default).lower()}`"
