"""Tokens: 32 letters and digits, ten idle days, sixty in all."""

from topmast_sandbox.clock import Clock
from topmast_sandbox.tokens import EXCLUSIVE, USER_INFO, TokenBook

DAY = 86400.0


def test_a_token_lives_while_it_is_used_but_not_beyond_sixty_days():
    clock = Clock()
    book = TokenBook(clock)
    token = book.mint("ann")
    assert len(token.value) == 32
    assert token.value.isalnum()

    for _ in range(6):
        clock.advance(9 * DAY)
        assert book.use(token.value) is not None
    clock.advance(6 * DAY + 1)

    assert book.use(token.value) is None


def test_a_token_ends_after_ten_days_without_use():
    clock = Clock()
    book = TokenBook(clock)
    token = book.mint("ann")

    clock.advance(10 * DAY + 1)

    assert book.use(token.value) is None


def test_scope_and_grant_are_both_needed():
    book = TokenBook(Clock())

    assert book.mint("a", programs=("01558",)).opens("1558")
    assert not book.mint("b", programs=("1073",)).opens("1558")
    assert not book.mint("c", scopes=(USER_INFO,), programs=("*",)).opens("1558")
    assert book.mint("d", scopes=(EXCLUSIVE,), programs=("*",)).opens("1558")


def test_a_token_is_not_in_its_own_description():
    token = TokenBook(Clock()).mint("ann")

    assert token.value not in repr(token)
