"""Steps that run in the legacy environment, with OpenVINO 2023.3 and its Post-Training Optimization Tool (POT).

The package imports neither wergate nor torch. A job (a JSON file) names its input files and its output folder.
"""
