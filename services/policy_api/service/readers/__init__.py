"""Uploaded files become plain text: .docx, .pdf with a text layer, .html, .txt. Bytes in, text and doubts out.

What the text says is the rules' work. Runs in a process of its own (`__main__`), for a file may be made to do harm.
"""
