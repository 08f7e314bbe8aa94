"""From candidates to one forecast: weights by backtest error, and boosting of what is left."""
