"""Texts that later versions of Simple JWT bring, with their translations. 5.2.2 has neither."""

from django.utils.translation import get_language

NO_ACTIVE_ACCOUNT = {
    "en": "No active account found for the given token.",
    "de": "Kein aktiver Account mit diesen Zugangsdaten gefunden",
}
PASSWORD_CHANGED = {"en": "The user's password has been changed.", "de": "Das Passwort des Benutzers wurde geändert."}


def text_of(texts):
    return texts.get((get_language() or "en")[:2], texts["en"])
