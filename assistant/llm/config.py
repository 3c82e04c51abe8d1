"""How the model is reached: read from the settings, checked once."""

from dataclasses import dataclass, field
from typing import Literal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

Provider = Literal["openai", "anthropic"]
PROVIDERS: tuple[Provider, ...] = ("openai", "anthropic")
# Named here, so that no variable of a provider's library can lead a call elsewhere.
_HOMES = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}


@dataclass(frozen=True, slots=True)
class Config:
    """One provider and its two models: `quick` for what somebody waits for at the screen, `strong` for assessments and notes."""

    provider: Provider
    quick: str
    strong: str
    base_url: str = ""
    # Never shown: not in a repr, a page, a log line or an error.
    key: str = field(default="", repr=False)
    # Seconds for one try, how many tries, and seconds for all of them with the pauses between.
    try_seconds: float = 60
    tries: int = 3
    total_seconds: float = 300
    # For what somebody waits for at the screen.
    reply_seconds: float = 90
    update_seconds: float = 20
    # Per account and day; 0 is no limit.
    calls_per_day: int = 0
    tokens_per_day: int = 0
    # After so many calls in a row that met a dead provider it is left alone for so many seconds.
    trips_after: int = 3
    rest_seconds: float = 60

    @property
    def url(self) -> str:
        return self.base_url or _HOMES[self.provider]

    @property
    def where(self) -> str:
        """The provider as people and the breaker call it; no key is part of it."""
        return f"{self.provider} {self.base_url}".strip()


def configured() -> Config:
    """The configuration of the settings. Raises `ImproperlyConfigured`, naming the variable, where it is not whole."""
    said = settings.ASSISTANT_LLM
    if said["provider"] not in PROVIDERS:
        raise ImproperlyConfigured(
            f"ASSISTANT_PROVIDER is one of: {', '.join(PROVIDERS)} (openai also for any server that speaks its API)."
        )
    for name in ("quick", "strong"):
        if not said[name]:
            raise ImproperlyConfigured(f"ASSISTANT_{name.upper()}_MODEL is not set: name the provider's model.")
    if said["base_url"] and not said["base_url"].startswith(("http://", "https://")):
        raise ImproperlyConfigured("ASSISTANT_BASE_URL must begin with http:// or https://.")
    if not said["key"] and not said["base_url"]:
        raise ImproperlyConfigured("ASSISTANT_KEY is not set. Only a server of your own (ASSISTANT_BASE_URL) may go without one.")
    if not 1 <= said["tries"] <= 3:
        raise ImproperlyConfigured("ASSISTANT_TRIES is 1, 2 or 3.")
    for name in ("try_seconds", "total_seconds", "reply_seconds", "update_seconds", "rest_seconds"):
        # Beyond five minutes a screen has long said "unavailable".
        if not 0 < said[name] <= 300:
            raise ImproperlyConfigured(f"ASSISTANT_{name.upper()} is a number of seconds, more than 0 and at most 300.")
    return Config(**said)
