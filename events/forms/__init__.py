"""What is typed about events: the filters of the public list, the editor, the small forms."""
