"""One request, as far as a rule looks at it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Visit:
    """What was asked, and how.

    Attributes
    ----------
    service
        A portal service's name, or a route's: ``Mast.Caom.Products``, ``Download/file``, ``resolver``, ``whoami``.
    method
        HTTP method, upper case.
    uri
        dataURI of the file asked for; None where the request is for no file.
    question
        What makes two requests the same: the dataURI, or a portal query without its page and cache breaker.
    ranged, token, portal
        Whether a Range or a token came with it, and whether it is a portal query.
    """

    service: str
    method: str = "GET"
    uri: str | None = None
    question: str = ""
    ranged: bool = False
    token: bool = False
    portal: bool = False
