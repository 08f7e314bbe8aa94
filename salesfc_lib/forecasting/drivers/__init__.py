"""Effects of drivers: the regression, effects shrunken to the panel's, tables that explain them."""
