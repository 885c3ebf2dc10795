"""Every rule about messy input, in one place each: text and numbers, times, plates, places, offenses.

The rules are functions that return fragments of DuckDB SQL, so that a million rows are put right at once.
Their arguments are SQL expressions: a quoted column, another fragment, or ``$name`` for a value.
"""
