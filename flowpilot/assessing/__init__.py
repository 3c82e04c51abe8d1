"""The offline assessment of a case: deterministic, without network, out of what stands in the session."""

from flowpilot.assessing.compose import assess
from flowpilot.assessing.verify import verify

__all__ = ["assess", "verify"]
