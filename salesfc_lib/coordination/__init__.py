"""Alerts with owners, the month's cycle, consultation and notifications: views of the event log.

Records, parameters and published tables enter; states that pages show leave. What is done here is
an event (`archive.append_record`), and nothing else is stored.
"""

from __future__ import annotations
