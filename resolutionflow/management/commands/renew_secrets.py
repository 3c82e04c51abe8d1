"""`manage.py renew_secrets`: run it after adding a new key in front of SECRETS_KEY, before you remove the old one."""

from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from flowpilot.models import Secret
from flowpilot.vault.cipher import Unreadable, digests, renewed, unseal


class Command(BaseCommand):
    help = "Re-encrypts every stored secret with the first key of SECRETS_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        kept = Secret.objects.filter(shredded_at=None)
        done = unreadable = 0
        for secret in tqdm(kept.iterator(500), total=kept.count(), unit="secret", file=self.stderr, disable=None):
            try:
                value = unseal(secret.session_id, secret.number, secret.ciphertext or b"")
                fresh = renewed(secret.ciphertext or b"")
            except Unreadable:
                unreadable += 1
                continue
            # A secret that was removed in the meantime stays removed.
            done += kept.filter(pk=secret.pk).update(ciphertext=fresh, digest=digests(secret.session_id, value)[0])
        self.stdout.write(f"{done} renewed." + (f" {unreadable} can't be decrypted with any key of SECRETS_KEY." if unreadable else ""))
