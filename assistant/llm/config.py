"""The model configuration, read from the settings and validated."""

from dataclasses import dataclass, field
from typing import Literal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

Provider = Literal["openai", "anthropic"]
PROVIDERS: tuple[Provider, ...] = ("openai", "anthropic")
# Set here, so that no environment variable of a provider's library can redirect calls.
_HOMES = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}


@dataclass(frozen=True, slots=True)
class Config:
    """One provider and its two models: `quick` for what people wait for on screen, `strong` for assessments and notes."""

    provider: Provider
    quick: str
    strong: str
    base_url: str = ""
    # Never shown: not in a repr, a page, a log line or an error.
    key: str = field(default="", repr=False)
    # Seconds per try, number of tries, and seconds for all tries including pauses.
    try_seconds: float = 60
    tries: int = 3
    total_seconds: float = 300
    # For what people wait for on screen.
    reply_seconds: float = 90
    update_seconds: float = 20
    # Per account and day; 0 means no limit.
    calls_per_day: int = 0
    tokens_per_day: int = 0
    # After this many failed calls in a row, the provider is not called for this many seconds.
    trips_after: int = 3
    rest_seconds: float = 60

    @property
    def url(self) -> str:
        return self.base_url or _HOMES[self.provider]

    @property
    def where(self) -> str:
        """The provider's name for people and for the circuit breaker, without the key."""
        return f"{self.provider} {self.base_url}".strip()


def configured() -> Config:
    """The configuration from the settings. Raises `ImproperlyConfigured`, naming the variable, if it is incomplete or invalid."""
    said = settings.ASSISTANT_LLM
    if said["provider"] not in PROVIDERS:
        raise ImproperlyConfigured(
            f"ASSISTANT_PROVIDER must be one of: {', '.join(PROVIDERS)} (openai also for any server with an OpenAI-compatible API)."
        )
    for name in ("quick", "strong"):
        if not said[name]:
            raise ImproperlyConfigured(f"ASSISTANT_{name.upper()}_MODEL is not set. Set it to the name of a model of the provider.")
    if said["base_url"] and not said["base_url"].startswith(("http://", "https://")):
        raise ImproperlyConfigured("ASSISTANT_BASE_URL must begin with http:// or https://.")
    if not said["key"] and not said["base_url"]:
        raise ImproperlyConfigured("ASSISTANT_KEY is not set. It is only optional with your own server (ASSISTANT_BASE_URL).")
    if not 1 <= said["tries"] <= 3:
        raise ImproperlyConfigured("ASSISTANT_TRIES must be 1, 2 or 3.")
    for name in ("try_seconds", "total_seconds", "reply_seconds", "update_seconds", "rest_seconds"):
        # After five minutes the screen has already given up.
        if not 0 < said[name] <= 300:
            raise ImproperlyConfigured(f"ASSISTANT_{name.upper()} must be a number of seconds above 0 and at most 300.")
    return Config(**said)
