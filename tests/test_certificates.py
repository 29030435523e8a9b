"""Certificates: what cannot be served is one line at start; what `convene cert` makes is trusted by those it is meant for."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from convene import certificates
from convene.certificates import BadCertificate
from tests.test_cli import convene, one_line
from tests.world import free_port

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def files(folder: Path, name: str = "a", now: datetime = NOW, host: str = "localhost") -> tuple[Path, Path]:
    made = certificates.self_signed(host, now)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_text(made.certificate)
    key.write_text(made.private_key)
    return certificate, key


def test_a_made_certificate_is_for_our_names_and_signs_no_other(tmp_path: Path) -> None:
    certificate, key = files(tmp_path, host="meet.test")
    certificates.check(certificate, key, NOW)
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "meet.test"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_an_address_as_host_is_an_address_in_the_certificate(tmp_path: Path) -> None:
    certificate, _ = files(tmp_path, host="192.0.2.7")
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "192.0.2.7" in [str(address) for address in names.get_values_for_type(x509.IPAddress)]


def test_each_fault_is_told_with_its_setting(tmp_path: Path) -> None:
    certificate, key = files(tmp_path)
    _, other = files(tmp_path, "b")
    nonsense, locked = tmp_path / "nonsense", tmp_path / "locked"
    nonsense.write_text("nonsense")
    form, lock = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"sesame")
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    locked.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, lock))
    for cert, private_key, now, told in (
        (tmp_path / "none", key, NOW, "No such file or directory (setting: tls_cert)"),
        (certificate, tmp_path / "none", NOW, "No such file or directory (setting: tls_key)"),
        (nonsense, key, NOW, "not what a PEM file holds (setting: tls_cert)"),
        (certificate, nonsense, NOW, "not what a PEM file holds (setting: tls_key)"),
        (certificate, locked, NOW, "it needs a password (setting: tls_key)"),
        (certificate, other, NOW, "is not the key of"),
        (certificate, key, NOW + timedelta(days=400), "valid from 2026-03-01 to 2027-04-02, which is not now"),
        (certificate, key, NOW - timedelta(days=1), "which is not now"),
    ):
        with pytest.raises(BadCertificate) as bad:
            certificates.check(cert, private_key, now)
        assert told in str(bad.value) and "\n" not in str(bad.value)


def test_a_context_that_was_refused_the_new_one_keeps_the_old(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.load(context, *files(tmp_path), NOW)
    with pytest.raises(BadCertificate):
        certificates.load(context, tmp_path / "a.pem", files(tmp_path, "b")[1], NOW)


def test_serve_tells_a_wrong_certificate_in_one_line(tmp_path: Path) -> None:
    certificate, _ = files(tmp_path, now=datetime.now(UTC))
    _, other = files(tmp_path, "b")
    old, old_key = files(tmp_path, "old", now=NOW - timedelta(days=1000))
    for options, told in (
        (("--tls-cert", "none.pem", "--tls-key", str(other)), "none.pem"),
        (("--tls-cert", str(certificate), "--tls-key", str(other)), "is not the key of"),
        (("--tls-cert", str(old), "--tls-key", str(old_key)), "which is not now"),
        (("--tls-cert", str(certificate)), "tls_cert and tls_key go together"),
    ):
        ended = convene(tmp_path, "serve", *options, port=free_port(), tls_port=free_port())
        assert ended.returncode in (1, 2) and one_line(ended.stderr), ended.stderr
        assert told in ended.stderr
    assert not (tmp_path / "data" / "convene.db").exists()


def test_cert_makes_one_and_does_not_overwrite_it(tmp_path: Path) -> None:
    made = convene(tmp_path, "cert", public_url="https://meet.test")
    assert made.returncode == 0 and "REQUESTS_CA_BUNDLE" in made.stdout and "NODE_EXTRA_CA_CERTS" in made.stdout
    certificate, key = tmp_path / "data" / "tls" / "cert.pem", tmp_path / "data" / "tls" / "key.pem"
    certificates.check(certificate, key, datetime.now(UTC))
    assert key.stat().st_mode & 0o077 == 0
    assert b"meet.test" in ssl.PEM_cert_to_DER_cert(certificate.read_text())
    before = certificate.read_text()
    again = convene(tmp_path, "cert")
    assert again.returncode == 1 and one_line(again.stderr)
    assert certificate.read_text() == before
    elsewhere = convene(tmp_path, "cert", "--out", "other")
    assert elsewhere.returncode == 0 and (tmp_path / "other" / "cert.pem").exists()
