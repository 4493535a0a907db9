"""Everything up with one command: the programs of one installation, their settings, and the demonstration."""
