"""Bytes on disk: the cache that keeps every file once, the trees that users see."""
