"""What to set on a bucket so that pages in a browser may read the pixels and bytes of its objects by signed URLs."""

import json
from urllib.parse import urlsplit

from bucketlink.model import BucketAddress, Platform

_HOURS = 3600


def hint(address: BucketAddress, page: str | None) -> str | None:
    """How to let pages at an address (None: any) read objects; None where no bucket answers browsers itself."""
    name, origins = address.bucket or address.access_point, [_origin(page) if page else "*"]
    headers = ["Content-Length", "Content-Range", "Content-Type", "ETag"]
    if address.platform is Platform.FOLDER:
        return None
    if address.platform is Platform.GCP:
        rules = [{"origin": origins, "method": ["GET", "HEAD"], "responseHeader": headers, "maxAgeSeconds": _HOURS}]
        return (
            f"gcloud storage buckets update gs://{name} --cors-file=cors.json, where cors.json is: {json.dumps(rules)}"
        )
    if address.platform is Platform.AZURE:
        return (
            f"az storage cors add --services b --methods GET HEAD --origins {origins[0]!r} --allowed-headers '*' "
            f"--exposed-headers '*' --max-age {_HOURS}, for the account of the container {name}"
        )
    rule = {"AllowedOrigins": origins, "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["*"]}
    rules_of_s3 = {"CORSRules": [{**rule, "ExposeHeaders": headers, "MaxAgeSeconds": _HOURS}]}
    return (
        f"aws s3api put-bucket-cors --bucket {name} --cors-configuration file://cors.json, where cors.json is: "
        f"{json.dumps(rules_of_s3)}"
    )


def _origin(page: str) -> str:
    """Scheme and authority alone: rules match nothing else."""
    parts = urlsplit(page)
    return f"{parts.scheme}://{parts.netloc}"
