"""The dashboard «Returns → Resale»: an overview and five pages below it, read from the sums that the flow keeps."""
