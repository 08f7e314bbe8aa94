"""One file per rule: each finds rows and says why; `pipeline` holds their order."""
