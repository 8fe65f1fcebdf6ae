"""Rules of organisations and clients. Pure: no I/O, no framework, no clock."""
