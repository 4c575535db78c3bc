"""The pages: HTML with the picture in it, each with its .json twin."""
