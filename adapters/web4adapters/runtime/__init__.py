"""The asyncio runtime: it feeds the core with events and carries out its effects."""
