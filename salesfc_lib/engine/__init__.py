"""What the candidates are built of, for all series and cutoffs at once: arrays enter, arrays leave."""
