"""One file a screen; each is a function of the URL's parameters and the store to a layout."""
