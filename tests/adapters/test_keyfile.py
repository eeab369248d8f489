"""Key files: private, Ed25519, PKCS#8, or refused with what to do."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from web4adapters.files import create_private
from web4adapters.signers.keyfile import MAX_KEY_FILE_BYTES, KeyFile, KeyFileError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "platform.key"


def never_asked() -> bytes:
    raise AssertionError("nobody may be asked for a passphrase here")


def test_a_loaded_key_signs_what_the_created_key_verifies(path: Path) -> None:
    created = KeyFile.create(path)

    signature = KeyFile.load(path).sign(b"message")

    key = ed25519.Ed25519PublicKey.from_public_bytes(created.public_key)
    key.verify(signature, b"message")


@pytest.mark.clause("C-KEY-1")
def test_a_new_key_file_is_readable_by_its_owner_alone_under_any_umask(path: Path) -> None:
    before = os.umask(0o277)
    try:
        KeyFile.create(path)
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_creating_never_overwrites(path: Path) -> None:
    path.write_bytes(b"precious")

    with pytest.raises(KeyFileError, match="exists already"):
        KeyFile.create(path)

    assert path.read_bytes() == b"precious"


def test_creating_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be written"):
        KeyFile.create(tmp_path / "nowhere" / "platform.key")


def test_a_failed_write_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space"):
        create_private(path, b"half a key")

    assert not path.exists()


def test_a_passphrase_opens_the_key_that_it_protects(path: Path) -> None:
    created = KeyFile.create(path, b"open sesame")

    assert KeyFile.load(path, lambda: b"open sesame").public_key == created.public_key


def test_an_encrypted_key_does_not_open_without_passphrase(path: Path) -> None:
    KeyFile.create(path, b"open sesame")

    with pytest.raises(KeyFileError, match="encrypted; give its passphrase"):
        KeyFile.load(path)


def test_an_encrypted_key_does_not_open_with_another_passphrase(path: Path) -> None:
    KeyFile.create(path, b"open sesame")

    with pytest.raises(KeyFileError, match="passphrase is wrong"):
        KeyFile.load(path, b"open barley")


def test_a_passphrase_for_an_unprotected_key_is_refused(path: Path) -> None:
    KeyFile.create(path)

    with pytest.raises(KeyFileError, match="not encrypted"):
        KeyFile.load(path, b"open sesame")


def test_nobody_is_asked_for_the_passphrase_of_an_unprotected_key(path: Path) -> None:
    created = KeyFile.create(path)

    assert KeyFile.load(path, never_asked).public_key == created.public_key


def test_an_empty_passphrase_is_refused(path: Path) -> None:
    with pytest.raises(KeyFileError, match="empty"):
        KeyFile.create(path, b"")


def test_a_key_file_shows_no_secret(path: Path) -> None:
    key = KeyFile.create(path)

    assert repr(key) == f"KeyFile(public_key={key.public_key.hex()})"


@pytest.mark.clause("C-KEY-1", "C-KEY-2")
def test_a_missing_key_is_an_error_that_names_what_makes_one(path: Path) -> None:
    with pytest.raises(KeyFileError, match="does not exist; `web4 init`"):
        KeyFile.load(path)


@pytest.mark.clause("C-KEY-1")
@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o644, 0o666])
def test_a_key_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    KeyFile.create(path)
    path.chmod(mode)

    with pytest.raises(KeyFileError, match=f"{mode:04o} lets group or others"):
        KeyFile.load(path)


@pytest.mark.clause("C-KEY-1")
def test_a_key_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    KeyFile.create(path)
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)

    with pytest.raises(KeyFileError, match="belongs to user"):
        KeyFile.load(path)


def test_a_symlink_to_a_private_key_is_followed(path: Path, tmp_path: Path) -> None:
    created = KeyFile.create(path)
    link = tmp_path / "link"
    link.symlink_to(path)

    assert KeyFile.load(link).public_key == created.public_key


def test_a_folder_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="not a regular file"):
        KeyFile.load(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_its_writer(path: Path) -> None:
    os.mkfifo(path, 0o600)

    with pytest.raises(KeyFileError, match="not a regular file"):
        KeyFile.load(path)


def test_an_oversized_file_is_refused(path: Path) -> None:
    create_private(path, b"x" * (MAX_KEY_FILE_BYTES + 1))

    with pytest.raises(KeyFileError, match="larger than 16384 bytes"):
        KeyFile.load(path)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.Raw])
def test_other_encodings_of_a_key_are_refused(path: Path, encoding: Encoding) -> None:
    style = PrivateFormat.PKCS8 if encoding is Encoding.DER else PrivateFormat.Raw
    key = ed25519.Ed25519PrivateKey.generate()
    create_private(path, key.private_bytes(encoding, style, NoEncryption()))

    with pytest.raises(KeyFileError, match="not a PKCS#8 key in PEM"):
        KeyFile.load(path)


def test_a_key_in_the_format_of_openssh_is_refused(path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    create_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))

    with pytest.raises(KeyFileError, match="not a PKCS#8 key in PEM"):
        KeyFile.load(path)


def test_a_key_of_another_algorithm_is_refused(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    create_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with pytest.raises(KeyFileError, match="not an Ed25519 key"):
        KeyFile.load(path)


def test_every_truncation_of_a_key_is_refused(path: Path, tmp_path: Path) -> None:
    KeyFile.create(path)
    whole = path.read_bytes().rstrip(b"\n-")
    for size in range(len(whole)):
        part = tmp_path / f"part{size}"
        create_private(part, whole[:size])
        with pytest.raises(KeyFileError):
            KeyFile.load(part)
