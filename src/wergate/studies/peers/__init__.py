"""Other engines, interleaved with OpenVINO on the same work."""
