"""What runs in the legacy environment, with OpenVINO 2023.3 and its Post-Training Optimization Tool (POT).

It imports nothing of wergate and no torch: what it works on comes as files, named in a job (JSON), and what it makes
goes to the folder that the job names.
"""
