"""The invented people of the Moodle whose archives the tests read; real/moodle.py enters them."""

PEOPLE = {
    "ada": ("Ada", "Lovelace", "Ada@Example.org"),
    "eve": ("Ève", "d'Arc-Ünal", "eve@example.org"),
    "kim1": ("Kim", "Lee", "kim.lee@example.org"),
    "kim2": ("Kim", "Lee", "kim.lee2@example.org"),
    "jo": ("Jo_Ann", "van_der Berg", "jo@example.org"),
    "slash": ("O/Brien", 'A: "B"?', "ob@example.org"),
    "nora": ("Nora", "Nothing", "nora@example.org"),
    "hana": ("Hana", "Byhand", "hana@example.org"),
}
"""User name → first name, last name, e-mail."""
