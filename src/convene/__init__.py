"""Convene: self-hosted video meetings, a drop-in for the Vonage Meetings API."""

__version__ = "0.1.0"
