"""The forms an event takes on its way to disk: canonical digest, fast structs, stream keys, compression."""
