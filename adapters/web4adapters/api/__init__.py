"""The HTTP interface of a platform for its clients."""
