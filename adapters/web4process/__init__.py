"""Starting, ending and awaiting processes; needs the standard library alone.

`signals` ends a process from outside, `workers` runs work in processes side by side.
"""
