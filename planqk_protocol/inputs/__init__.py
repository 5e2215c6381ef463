"""Stored files and live output to one stream of events: order, compression, format."""
