"""Databases: one consistent snapshot through SQLAlchemy, whole or by a watermark."""
