"""Keys as Google hands them out, and certificates in its name."""

import json
import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@cache
def rsa_key(number: int) -> rsa.RSAPrivateKey:  # noqa: ARG001
    """One of several keys, each made once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    """A private key in PEM, as Google hands it out."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def key_text(email: str, key: rsa.RSAPrivateKey, *, key_id: str, token_uri: str) -> str:
    """A service account's key as Google has one download it."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "project-1",
            "private_key_id": key_id,
            "private_key": pem(key),
            "client_email": email,
            "client_id": "1",
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        }
    )


def certificate(*hosts: str) -> tuple[str, ssl.SSLContext]:
    """A certificate for hosts, in PEM, and what a server shows it with."""
    key, name = rsa_key(9), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(serialization.Encoding.PEM).decode()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(text + pem(key))
        file.flush()
        context.load_cert_chain(file.name)
    return text, context
