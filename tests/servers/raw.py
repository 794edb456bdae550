"""Reading by a URL that is sent exactly as it stands."""

import http.client
from contextlib import closing


def downloaded(url: str, **headers: str) -> tuple[int, bytes]:
    """Status and body of a GET over HTTP, of which nothing tidies the path."""
    scheme, _, rest = url.partition("://")
    authority, slash, target = rest.partition("/")
    assert scheme == "http"
    with closing(http.client.HTTPConnection(authority, timeout=30)) as connection:
        connection.request("GET", slash + target, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
