"""The ticket as its guest has it: signed code, QR code, PDF with its fonts, and signed links."""
