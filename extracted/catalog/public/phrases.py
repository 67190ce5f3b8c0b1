from __future__ import annotations

__all__ = ["phrase"]

# What the monolith's frameworks say in each language. Parity tests hold these words to theirs.
_PHRASES = {
    "en": {
        "not_found": "Not found.",
        "no_product": "No Product matches the given query.",
        "invalid_page": "Invalid page.",
        "method_not_allowed": 'Method "{method}" not allowed.',
        "not_acceptable": "Could not satisfy the request Accept header.",
        "throttled": "Request was throttled.",
        "available_in_one": "Expected available in {wait} second.",
        "available_in": "Expected available in {wait} seconds.",
        "no_such_choice": "Select a valid choice. That choice is not one of the available choices.",
        "not_a_choice": "Select a valid choice. {value} is not one of the available choices.",
        "no_number": "Enter a number.",
        "too_large": "Ensure this value is less than or equal to {limit}.",
        "nul": "Null characters are not allowed.",
    },
    "de": {
        "not_found": "Nicht gefunden.",
        "no_product": "No Product matches the given query.",
        "invalid_page": "Ungültige Seite.",
        "method_not_allowed": 'Methode "{method}" nicht erlaubt.',
        "not_acceptable": "Kann die Accept Kopfzeile der Anfrage nicht erfüllen.",
        "throttled": "Die Anfrage wurde gedrosselt.",
        "available_in_one": "Erwarte Verfügbarkeit in {wait} Sekunde.",
        "available_in": "Erwarte Verfügbarkeit in {wait} Sekunden.",
        "no_such_choice": "Bitte eine gültige Auswahl treffen. Dies ist keine gültige Auswahl.",
        "not_a_choice": "Bitte eine gültige Auswahl treffen. {value} ist keine gültige Auswahl.",
        "no_number": "Bitte eine Zahl eingeben.",
        "too_large": "Dieser Wert muss kleiner oder gleich {limit} sein.",
        "nul": "Nullzeichen sind nicht erlaubt.",
    },
}


def phrase(name: str, language: str, **values: object) -> str:
    """The words of that name in that language, `values` filled in."""
    return _PHRASES[language][name].format(**values)
