"""A project's assets: walking through them, frames, files, previews."""
