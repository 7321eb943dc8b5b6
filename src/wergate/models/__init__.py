"""Reference models (checkpoints and ONNX files), candidates, and the files that describe their audio and labels."""
