"""Personal data: the file that a person can download, and what is stored about people where.

`export` composes the file, `views` lets a person download it, `inventory` says of every column of
every table whether it is personal data, and when it is exported and deleted.
"""
