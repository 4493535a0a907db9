"""What people get to read: the weekly mail and its chart. Facts come in as plain values, bytes go out."""
