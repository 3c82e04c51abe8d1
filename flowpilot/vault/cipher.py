"""Encrypts secrets with the first key of `SECRETS_KEY`, and decrypts them with any of its keys."""

import base64
import hashlib
import hmac
import uuid
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """None of the keys decrypts it: its key is no longer in `SECRETS_KEY`, or the row belongs to another session or number."""


def _derived(key: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"resolutionflow {purpose}".encode()).derive(key.encode())


@lru_cache(maxsize=8)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key, "secrets"))) for key in keys])


@lru_cache(maxsize=8)
def _marks(keys: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(_derived(key, "same secret") for key in keys)


def _keys() -> tuple[str, ...]:
    return tuple(settings.SECRETS_KEYS)


def _bound(session_id: uuid.UUID, number: int) -> bytes:
    """A prefix of the encrypted value, so that a row copied to another session or number can't be decrypted there."""
    return f"{session_id}:{number}:".encode()


def seal(session_id: uuid.UUID, number: int, value: str) -> bytes:
    return _box(_keys()).encrypt(_bound(session_id, number) + value.encode())


def unseal(session_id: uuid.UUID, number: int, sealed: bytes | memoryview) -> str:
    """Decrypts the value. Raises `Unreadable`."""
    try:
        opened = _box(_keys()).decrypt(bytes(sealed))
    except InvalidToken:
        raise Unreadable from None
    lead = _bound(session_id, number)
    if not opened.startswith(lead):
        raise Unreadable
    return opened[len(lead) :].decode()


def renewed(sealed: bytes | memoryview) -> bytes:
    """Re-encrypts a value with the first key. Raises `Unreadable`."""
    try:
        return _box(_keys()).rotate(bytes(sealed))
    except InvalidToken:
        raise Unreadable from None


def digests(session_id: uuid.UUID, value: str) -> list[str]:
    """Digests that recognise the same value in its session: one per key, the first for the current key."""
    text = f"{session_id}:{value}".encode()
    return [hmac.new(mark, text, hashlib.sha256).hexdigest() for mark in _marks(_keys())]
