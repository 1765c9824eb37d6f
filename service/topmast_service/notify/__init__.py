"""Telling whoever asked."""
