"""The rules, pure: standard library only, no clock, no network, no disk."""
