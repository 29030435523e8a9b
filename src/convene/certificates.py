"""Certificates for https: reading the operator's, and making one to develop with."""

import ipaddress
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=397)  # what browsers take at most
LOCAL = ("localhost", "127.0.0.1", "::1")


class BadCertificate(Exception):
    """The certificate cannot be used; the text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class SelfSigned:
    """A certificate that is its own authority, and its key; PEM."""

    certificate: str
    private_key: str = field(repr=False)
    expires_at: datetime


def check(certificate: Path, private_key: Path, now: datetime) -> None:
    """Whether a server can be served with the two files. Raises BadCertificate."""
    load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate, private_key, now)


def load(context: ssl.SSLContext, certificate: Path, private_key: Path, now: datetime) -> None:
    """Gives the files to a context, also to one in use: connections from now on have them. Raises BadCertificate."""
    try:
        first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except (OSError, ValueError) as error:
        raise BadCertificate(f"cannot read {certificate}: {_why(error)} (setting: tls_cert)") from None
    if not first.not_valid_before_utc <= now <= first.not_valid_after_utc:
        told = (
            f"{certificate} is valid from {first.not_valid_before_utc:%Y-%m-%d} to {first.not_valid_after_utc:%Y-%m-%d}"
        )
        raise BadCertificate(f"{told}, which is not now (setting: tls_cert)")
    try:
        ours = serialization.load_pem_private_key(private_key.read_bytes(), None).public_key()
    except (OSError, ValueError, TypeError) as error:
        raise BadCertificate(f"cannot read {private_key}: {_why(error)} (setting: tls_key)") from None
    if ours != first.public_key():
        raise BadCertificate(f"{private_key} is not the key of {certificate} (settings: tls_cert, tls_key)")
    try:
        context.load_cert_chain(certificate, private_key)
    except (OSError, ssl.SSLError) as error:
        raise BadCertificate(f"cannot use {certificate}: {_why(error)} (settings: tls_cert, tls_key)") from None


def _why(error: Exception) -> str:
    if isinstance(error, TypeError):
        return "it needs a password"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        return error.strerror
    return "it is not what a PEM file holds" if isinstance(error, ValueError) else str(error)


def self_signed(host: str, now: datetime) -> SelfSigned:
    """A certificate for this machine's own names and `host`.

    No authority: it cannot sign others, so whoever trusts it trusts these names alone. There is no key usage extension on
    purpose: with one that lacks the signing of certificates, OpenSSL no longer takes it for self-signed.
    """
    names = list(dict.fromkeys([*LOCAL, host]))
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Convene, for development")])
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SelfSigned(signed.public_bytes(serialization.Encoding.PEM).decode(), private.decode(), now + LIFE)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
