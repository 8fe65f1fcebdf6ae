"""Looks into files of requests and answers, and redacts them, in a process of its own."""
