"""The content-addressed store of media: its files, what became of each medium, making, clearing."""

from transforms.media.store.contents import MediaStore

__all__ = ["MediaStore"]
