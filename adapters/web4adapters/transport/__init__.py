"""Links between platforms: one WebSocket a pair."""

from web4adapters.transport.links import LinkListener, Links

__all__ = ["LinkListener", "Links"]
