"""Other inference engines, timed interleaved with OpenVINO on the same work."""
