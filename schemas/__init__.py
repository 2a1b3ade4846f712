"""Ground floor: what a pair, a medium, a label and a dead letter are. No Beam, no I/O."""
