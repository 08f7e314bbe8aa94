"""Sources that are not order lines: promotions, drivers, stock, targets, control totals."""
