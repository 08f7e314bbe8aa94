"""Sources that are not order lines: promotions, drivers, stock, control totals."""
