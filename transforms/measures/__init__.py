"""What can be measured of a response: attributes of texts, pictures, clips, sounds and 3D models.

Below the stages and without Beam: relabeling writes criteria about attributes, and the audits look
for labels that follow from one of them.
"""
