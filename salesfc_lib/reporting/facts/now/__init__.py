"""The state of alerts, cycles, consultations and actions at one moment, folded from the log."""
