"""What needs a person in a unit's month: `overview` lists it, each other file a group of causes."""
