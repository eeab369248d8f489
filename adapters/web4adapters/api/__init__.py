"""What clients ask of a platform, over HTTP."""
