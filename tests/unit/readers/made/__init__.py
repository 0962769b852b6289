"""Writers of files in each format. Each module has examples(): the files of one record by title."""
