"""The small process that serves published price lists at their secret addresses and logs every GET."""
