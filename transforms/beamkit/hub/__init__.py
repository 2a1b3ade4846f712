"""Reading dataset repositories of the Hugging Face Hub, by addresses ``hf://datasets/…``."""
