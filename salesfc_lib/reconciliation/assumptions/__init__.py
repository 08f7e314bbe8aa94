"""Effects that the business declares: read, selected for a month, applied to forecasts."""
