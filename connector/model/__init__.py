"""Nouns of rowcast, standard library only: every other room imports them, they import nothing of rowcast."""
