"""The ticket itself: its signed code, its QR code, its PDF with the fonts and letters that it needs, and its signed links."""
