"""Writers of files in each format, by hand, so that tests can make any field wrong."""
