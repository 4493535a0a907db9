"""Statistics over plain values: rates, durations, signals. No SQL, no database."""
