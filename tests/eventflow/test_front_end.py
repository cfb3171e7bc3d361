"""The form of the templates: what a reader of a diff must be able to rely on."""

from django.conf import settings

WIDTH = 120


def own_files(folder, *suffixes):
    """The files with these endings in a folder of the repository, without what others wrote."""
    files = (settings.BASE_DIR / folder).rglob("*")
    return [file for file in files if file.suffix in suffixes and "vendor" not in file.parts]


def test_no_template_has_a_line_over_120_columns():
    files = own_files("templates", ".html", ".txt")
    assert len(files) > 100
    wide = {
        f"{file.relative_to(settings.BASE_DIR)}:{number}": len(line)
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if len(line) > WIDTH
    }
    assert wide == {}
