"""Writing to the disk: files, folders and lines that survive a killed process and a power cut."""
