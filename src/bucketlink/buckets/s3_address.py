"""Where an S3 bucket is: what a user gave, checked, and turned into the place that requests go to."""

import ipaddress
import re
from dataclasses import dataclass

from bucketlink.buckets.reach import Origin
from bucketlink.buckets.urls import HOST, split
from bucketlink.errors import InvalidInput
from bucketlink.model import BucketAddress, Platform

DEFAULT_REGION = "us-east-1"
BUCKET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]{0,254}")
AWS_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
HOSTABLE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Names that can be a label of a host name; a dot would leave the certificate's ``*``."""
REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
ACCESS_POINT = re.compile(
    r"arn:(?:aws|aws-cn|aws-us-gov):s3:([a-z0-9-]{1,63}):([0-9]{12}):accesspoint[/:]([a-z0-9](?:[a-z0-9-]{1,48}[a-z0-9]))"
)
"""Region, account and name of an access point."""
AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where requests for one bucket go: the origin, and the path of the bucket there (no slash at its end).

    ``name`` is how the bucket is called in sentences.
    """

    origin: Origin
    path: str
    region: str
    name: str


def place(address: BucketAddress, region: str | None = None, *, virtual_host: bool = False) -> S3Place:
    """The place of a bucket of platform AWS or CustomS3; ``region`` overrides the address's own.

    ``virtual_host`` makes the bucket a part of the host's name where an endpoint is given.

    Raises:
        InvalidInput: bucket, endpoint, region or access point are missing, contradict each other, or cannot be meant.

    """
    if arn := access_point(address):
        return _access_point_place(address, arn)
    _check_bucket(address)
    region = _region(region or address.region or DEFAULT_REGION)
    bucket = address.bucket
    if address.endpoint:
        origin, base = endpoint_place(address.endpoint)
        if virtual_host:
            return S3Place(_virtual(origin, bucket), base, region, bucket)
        return S3Place(origin, f"{base}/{bucket.replace(':', '%3A')}", region, bucket)
    if address.platform is Platform.CUSTOM_S3:
        raise InvalidInput("A CustomS3 integration needs an endpoint, such as https://s3.example.com.")
    if HOSTABLE.fullmatch(bucket):
        return S3Place(aws_origin(f"{bucket}.s3", region), "", region, bucket)
    return S3Place(aws_origin("s3", region), f"/{bucket}", region, bucket)


def access_point(address: BucketAddress) -> str | None:
    """The ARN of the access point that is meant, also if it was given as the bucket's name; None if none is."""
    if address.access_point:
        return address.access_point
    is_arn = address.platform is Platform.AWS and address.bucket.startswith("arn:")
    return address.bucket if is_arn else None


def aws_origin(service: str, region: str) -> Origin:
    """Where a service of AWS answers in a region."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return Origin("https", f"{service}.{region}.{suffix}", 443)


def endpoint_place(endpoint: str) -> tuple[Origin, str]:
    """Origin and base path (no slash at its end) of an endpoint.

    Raises:
        InvalidInput: it is not a URL of a server.

    """
    origin, path = split(endpoint, "s3Endpoint", "https://s3.example.com")
    return origin, path.rstrip("/")


def _region(region: str) -> str:
    if not REGION.fullmatch(region):
        raise InvalidInput("The region (s3Region) must be a name such as us-east-1.")
    return region


def _access_point_place(address: BucketAddress, arn: str) -> S3Place:
    if address.platform is not Platform.AWS:
        raise InvalidInput("Access points are of AWS alone; give s3BucketName instead of awsAccessPointARN.")
    if address.endpoint:
        raise InvalidInput("An access point has an address of its own: give either awsAccessPointARN or s3Endpoint.")
    found = ACCESS_POINT.fullmatch(arn)
    if found is None:
        raise InvalidInput(_not_an_access_point(arn))
    region, account, name = found.groups()
    return S3Place(aws_origin(f"{name}-{account}.s3-accesspoint", _region(region)), "", region, name)


def _not_an_access_point(arn: str) -> str:
    parts = [*arn.split(":"), *[""] * 6]
    service, region, resource = parts[2], parts[3], parts[5]
    if service == "s3" and not region and resource.startswith("accesspoint"):
        return "Multi-Region access points cannot be read; give an access point of one region as awsAccessPointARN."
    if service == "s3-object-lambda":
        return "Object Lambda access points cannot be read; give the access point behind it as awsAccessPointARN."
    if service == "s3-outposts":
        return "Buckets on Outposts cannot be read; give an access point of a region as awsAccessPointARN."
    return (
        "That is not the ARN of an access point, which looks like "
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/name (awsAccessPointARN); a bucket is given by its name alone."
    )


def _virtual(origin: Origin, bucket: str) -> Origin:
    """The origin of which the bucket is a part."""
    try:
        ipaddress.ip_address(origin.host)
    except ValueError:
        pass
    else:
        raise InvalidInput(
            f"The endpoint {origin} is an IP address, before which no bucket can be named: read it in path style "
            "instead, or give a host's name as s3Endpoint."
        )
    host = f"{bucket}.{origin.host}"
    if not HOSTABLE.fullmatch(bucket) or not HOST.fullmatch(host):
        raise InvalidInput(
            "The bucket's name cannot be a part of a host's name, which takes small letters, digits and hyphens: read "
            "it in path style instead."
        )
    return Origin(origin.scheme, host, origin.port)


def _check_bucket(address: BucketAddress) -> None:
    if not address.bucket:
        raise InvalidInput("The name of the bucket is missing (s3BucketName).")
    if address.platform is Platform.AWS:
        if not AWS_BUCKET.fullmatch(address.bucket) or ".." in address.bucket:
            raise InvalidInput(
                "The bucket must be named as in AWS: 3 to 63 letters, digits, dots and hyphens; no ARN, no URL."
            )
        if address.bucket.endswith("--x-s3") and not address.endpoint:
            raise InvalidInput(
                "Directory buckets (S3 Express One Zone) cannot be read yet; use a general purpose bucket."
            )
    elif not BUCKET.fullmatch(address.bucket):
        raise InvalidInput(
            "The bucket must be a plain name of letters, digits, dots, hyphens and underscores, not a URL."
        )
