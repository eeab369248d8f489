"""`web4 bench`: how far this machine's federation is from what signatures and disks allow.

Every result is a ratio of two times, or of two sizes, taken back to back on the same machine, so
that it means something elsewhere too.
"""
