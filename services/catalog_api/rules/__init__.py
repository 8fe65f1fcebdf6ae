"""Rules of the field. Pure: no I/O, no framework, no clock of its own."""
