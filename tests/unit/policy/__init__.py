"""Tests of the rules of policy documents."""
