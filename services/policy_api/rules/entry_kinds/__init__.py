"""The kinds of entry: what each adds to the common life of an entry, as data and pure functions."""
