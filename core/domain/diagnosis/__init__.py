"""What `wasl doctor` knows: hazards by name, why they matter, and the rules that tell them from what was seen."""
