"""Lines on their way through the rules, with a record of what each rule did."""
