"""The documents on the wire: what is checked on the way in and shown on the way out, declared once for both."""
