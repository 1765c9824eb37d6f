"""Driver: FTPS."""

# First of all pyftpdlib: its ioloop silences the DeprecationWarning of asyncore and asynchat that Python 3.11 gives,
# its handlers do not, so whoever imports those first fails where warnings are errors. No filter of ours is needed.
import pyftpdlib.ioloop  # noqa: F401 - imported for the order, see above
