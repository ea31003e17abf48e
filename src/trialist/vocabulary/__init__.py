"""Terms and names: tables a domain expert can review, and their readers."""

from trialist.vocabulary.sponsors import display_name, letter_of

__all__ = ["display_name", "letter_of"]
