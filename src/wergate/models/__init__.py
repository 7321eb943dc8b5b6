"""Reference models: checkpoints and ONNX files, with what their files say of audio and labels."""
