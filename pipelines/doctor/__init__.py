"""`omnireward doctor`: what of this machine and these accounts works, and how to mend the rest."""
