"""Where requests go, and how often they are tried again: what is known of a bucket before anything is asked of it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and how long, a request is tried again: exponential backoff with full jitter, within a budget."""

    attempts: int = 8
    seconds: float = 120.0
    first_delay: float = 0.25
    longest_delay: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[float, float], float] = random.uniform

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the given attempt (the first is 1)."""
        return self.jitter(0.0, min(self.longest_delay, self.first_delay * 2.0 ** (attempt - 1)))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where requests go: ``http`` or ``https``, a host without brackets, a port."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as in a URL; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"
