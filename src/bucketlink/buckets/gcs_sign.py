"""URLs of objects of Google Cloud Storage, signed by V4 with a service account's own key (GOOG4-RSA-SHA256)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

from bucketlink.buckets.gcs_address import GcsPlace
from bucketlink.buckets.protocol import SignedUrl

ALGORITHM = "GOOG4-RSA-SHA256"
LONGEST_SECONDS = 7 * 24 * 3600
"""Google's limit for a signed URL."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A service account's e-mail, and what signs bytes with its private key (RSA, PKCS #1 1.5, SHA-256)."""

    email: str
    sign: Callable[[bytes], bytes]


def signed_url(place: GcsPlace, key: str, signer: Signer | None, *, now: float, seconds: int) -> SignedUrl:
    """A URL for GET of one object, signed unless there is no signer; ``now`` in seconds since 1970."""
    seconds = max(1, min(seconds, LONGEST_SECONDS))
    start = datetime.fromtimestamp(int(now), UTC)
    path = f"/{place.bucket}/{quote(key, safe='/~')}"
    expires_at = (int(now) + seconds) * 1000
    if signer is None:
        return SignedUrl(f"{place.origin}{path}", expires_at)
    scope = f"{start:%Y%m%d}/auto/storage/goog4_request"
    moment = f"{start:%Y%m%dT%H%M%SZ}"
    query = "&".join(
        (
            f"X-Goog-Algorithm={ALGORITHM}",
            f"X-Goog-Credential={quote(f'{signer.email}/{scope}', safe='~')}",
            f"X-Goog-Date={moment}",
            f"X-Goog-Expires={seconds}",
            "X-Goog-SignedHeaders=host",
        )
    )
    canonical = f"GET\n{path}\n{query}\nhost:{place.origin.authority}\n\nhost\nUNSIGNED-PAYLOAD"
    text = f"{ALGORITHM}\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = signer.sign(text.encode()).hex()
    return SignedUrl(f"{place.origin}{path}?{query}&X-Goog-Signature={signature}", expires_at)
