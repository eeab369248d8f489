"""Instruments that try, measure and show web4: simulation, chaos, demo, bench, playground.

They stand on the adapters and the core; no platform needs them.
"""
