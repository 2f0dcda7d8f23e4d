"""The MySQL sink: rows and the stream's position in one target transaction."""
