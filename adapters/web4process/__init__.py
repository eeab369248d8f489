"""How processes start, end and are awaited; needs the standard library alone.

`signals` says how a process is ended from outside, `workers` runs work in processes side by side.
"""
