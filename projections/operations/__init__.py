"""What is done to a whole home: verify, rebuild, erase, doctor, status."""
