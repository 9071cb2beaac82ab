"""Numbered SQL files; each one that has run once is never edited again."""
