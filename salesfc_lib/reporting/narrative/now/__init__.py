"""What the live pages say: alerts, the cycle, consultations, and what waits for whom."""
