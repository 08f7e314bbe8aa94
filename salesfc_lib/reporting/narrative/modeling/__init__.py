"""The modeling notebook: outlook, drivers, weights, backtest, intervals, choices, assumptions."""
