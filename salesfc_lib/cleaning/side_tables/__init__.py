"""Sources that are not order lines: promotions, drivers, stock, targets, mappings, control totals."""
