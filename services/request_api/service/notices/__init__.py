"""文书: what an office sends out, as .docx. Issuing them is a step of a request and not done here."""
