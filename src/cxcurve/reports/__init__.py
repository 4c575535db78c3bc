"""Reports: the numbers of a week or a quarter, as a page for people, a PDF, a picture, or a message."""
