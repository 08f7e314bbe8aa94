"""Text files: encodings and dialects, the reader for plain lines and the strict one, HTML and JSON
lines.
"""
